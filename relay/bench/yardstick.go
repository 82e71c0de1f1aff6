package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// serve is a system beside sidehook: it listens on one address, and forwards to
// another.
func serve(system, addresses string) error {
	listen, to, _ := strings.Cut(addresses, ",")
	target := &url.URL{Scheme: "http", Host: to, Path: "/0"}
	transport := &http.Transport{MaxIdleConns: 1024, MaxIdleConnsPerHost: 1024, DisableCompression: true}
	if system == "proxy" {
		return http.ListenAndServe(listen, &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: to})
			r.Out.URL.Path = target.Path
		}})
	}
	file, err := os.Create("journal")
	if err != nil {
		return err
	}
	y := &yardstick{
		file: file, target: target.String(), secret: []byte("0123456789abcdef0123456789abcdef"),
		appends: make(chan *appended, 1024), queue: make(chan []byte, 4096),
		client: &http.Client{Transport: transport, Timeout: 30 * time.Second},
	}
	go y.commit()
	for range 64 {
		go y.deliver()
	}
	return http.ListenAndServe(listen, http.HandlerFunc(y.accept))
}

// yardstick is the simplest durable relay that net/http allows: a body is appended to
// one file and synced, many bodies a sync, before the 202, then signed and posted by a
// fixed set of workers. It has no retries, no recovery, no history, one webhook: what
// a product adds costs extra.
type yardstick struct {
	file    *os.File
	appends chan *appended
	queue   chan []byte
	target  string
	secret  []byte
	client  *http.Client
}

type appended struct {
	body []byte
	done chan error
}

func (y *yardstick) accept(w http.ResponseWriter, r *http.Request) {
	body := make([]byte, max(r.ContentLength, 0))
	if _, err := io.ReadFull(r.Body, body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a := &appended{body, make(chan error, 1)}
	y.appends <- a
	if err := <-a.done; err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	y.queue <- body
	w.WriteHeader(http.StatusAccepted)
}

// commit writes what has come while the last sync ran, syncs once, and answers all.
func (y *yardstick) commit() {
	for first := range y.appends {
		batch := []*appended{first}
		runtime.Gosched() // those that are ready join
		for more := true; more && len(batch) < 1024; {
			select {
			case a := <-y.appends:
				batch = append(batch, a)
			default:
				more = false
			}
		}
		var text []byte
		for _, a := range batch {
			text = binary.LittleEndian.AppendUint32(text, uint32(len(a.body)))
			text = append(text, a.body...)
		}
		_, err := y.file.Write(text)
		if err == nil {
			err = syscall.Fdatasync(int(y.file.Fd()))
		}
		for _, a := range batch {
			a.done <- err
		}
	}
}

func (y *yardstick) deliver() {
	for body := range y.queue {
		if err := y.post(body); err != nil {
			fmt.Fprintln(os.Stderr, "lost:", err)
		}
	}
}

func (y *yardstick) post(body []byte) error {
	r, err := http.NewRequest("POST", y.target, bytes.NewReader(body))
	if err != nil {
		return err
	}
	now := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, y.secret)
	mac.Write([]byte(now + "."))
	mac.Write(body)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Webhook-Timestamp", now)
	r.Header.Set("Webhook-Signature", hex.EncodeToString(mac.Sum(nil)))
	resp, err := y.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("answered %s", resp.Status)
	}
	return nil
}
