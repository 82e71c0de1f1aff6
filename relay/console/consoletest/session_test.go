package consoletest_test

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// key finds the key on the page that a link leads to.
var key = regexp.MustCompile(`data-key="([^"]+)"`)

// session signs in without a browser, and returns the headers of a page of the console
// that asks for something.
func (s *scene) session(level string) http.Header {
	link, err := url.Parse(s.Link(level))
	if err != nil {
		panic(err)
	}
	link.Host = "127.0.0.1:" + s.Port
	resp, err := http.Get(link.String())
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		panic(err)
	}
	header := http.Header{"Origin": {"http://127.0.0.1:" + s.Port}, "Sec-Fetch-Site": {"same-origin"}, "Accept": {"text/html"}}
	for _, c := range resp.Cookies() {
		header.Add("Cookie", c.Name+"="+c.Value)
	}
	if found := key.FindStringSubmatch(string(body)); found != nil {
		header.Set("Sidehook-Key", found[1])
	}
	return header
}

// change asks for a change without a browser, and returns the status and the answer.
func (s *scene) change(header http.Header, name, body string) (int, string) {
	req, err := http.NewRequest("POST", "http://127.0.0.1:"+s.Port+"/do/"+name, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	req.Header = header.Clone()
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		panic(err)
	}
	return resp.StatusCode, string(answer)
}
