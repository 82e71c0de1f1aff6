// Package oauth owns the client credentials with which a webhook gets its access tokens,
// and the rules for each of them. It promises that what it takes can stand in a request
// for a token, and that no secret is quoted. Package config reads oauth2 with it.
package oauth

import (
	"fmt"
	"slices"
	"strings"

	"sidehook/config/credential"
	"sidehook/config/endpoint"
	"sidehook/config/redact"
	"sidehook/config/yamlnode"
)

// OAuth2 are the client credentials that get a webhook its access tokens. The zero
// OAuth2 is none.
type OAuth2 struct {
	TokenURL     redact.URL
	ClientID     string
	ClientSecret redact.Secret
	Scopes       []string
	Params       []Param // in the order of the file; names differ
}

// Param is a parameter of the token request. It is redacted as a header is.
type Param = redact.Header

// IsZero reports whether requests carry no access token.
func (o OAuth2) IsZero() bool { return o.TokenURL.Reveal() == "" }

// Equal reports whether both get the same tokens.
func (o OAuth2) Equal(p OAuth2) bool {
	return o.TokenURL.Equal(p.TokenURL) && o.ClientID == p.ClientID && o.ClientSecret.Equal(p.ClientSecret) &&
		slices.Equal(o.Scopes, p.Scopes) && slices.EqualFunc(o.Params, p.Params, Param.Equal)
}

// Reveal returns all that Equal compares, secrets included, for a digest.
func (o OAuth2) Reveal() []string {
	list := []string{o.TokenURL.Reveal(), o.ClientID, o.ClientSecret.Reveal(), strings.Join(o.Scopes, " ")}
	for _, p := range o.Params {
		list = append(list, p.Name, p.Reveal(), fmt.Sprint(p.Secret))
	}
	return list
}

// Limits of oauth2.
const (
	MaxScopes = 64 // for the schema, too
	maxParams = 32
	maxParam  = 4 << 10 // bytes of a client_secret or a param
)

// ReadClientID reads the id of the client.
func ReadClientID(r *yamlnode.Reader, v *yamlnode.Value, into *string) {
	t, ok := r.Text(v)
	switch {
	case !ok:
	case t.Known && (t.String() == "" || len(t.String()) > 1024 || !isPrintable(t.String())):
		r.Fail(v, "must be 1 to 1024 printable ASCII characters", "")
	default:
		*into = t.String()
	}
}

// ReadClientSecret reads a secret that anything but control characters may stand in.
func ReadClientSecret(r *yamlnode.Reader, v *yamlnode.Value, into *redact.Secret) {
	t, ok := credential.ReadKey(r, v)
	switch {
	case !ok:
	case t.String() == "":
		r.Fail(v, "must not be empty", "")
	case t.Known && yamlnode.HasControl(t.String()):
		r.Fail(v, yamlnode.NoControl, yamlnode.OneLine)
	case len(t.String()) > maxParam:
		r.Fail(v, fmt.Sprintf("must have at most %d bytes, has %d", maxParam, len(t.String())), "")
	default:
		*into = redact.NewSecret(t.String())
	}
}

// ReadScopes reads the scopes to ask for.
func ReadScopes(r *yamlnode.Reader, v *yamlnode.Value, into *[]string) {
	items := r.Items(v, "write a list, such as scopes: [hooks.write]")
	if len(items) > MaxScopes {
		r.Fail(v, fmt.Sprintf("must be at most %d scopes, are %d", MaxScopes, len(items)), "")
		return
	}
	*into = make([]string, 0, len(items))
	for i := range items {
		t, ok := r.Known(&items[i])
		switch {
		case !ok:
		case strings.Contains(strings.TrimSpace(t.String()), " "):
			r.Fail(t.At, "must be one scope, not several with spaces between them", "write a list, such as scopes: [hooks.read, hooks.write]")
		case t.String() == "" || !isPrintable(t.String()) || strings.ContainsAny(t.String(), " \"\\"):
			r.Fail(t.At, "must be printable ASCII without spaces, quotes and backslashes, not "+t.Show(), "")
		case slices.Contains(*into, t.String()):
			r.Fail(t.At, t.Show()+" is given twice", "remove one")
		default:
			*into = append(*into, t.String())
		}
	}
}

// ReadParams reads further parameters of the token request.
func ReadParams(r *yamlnode.Reader, v *yamlnode.Value, into *[]Param) {
	given := r.Pairs(v, "write params: {NAME: VALUE}")
	if len(given) > maxParams {
		r.Fail(v, fmt.Sprintf("must be at most %d, are %d", maxParams, len(given)), "")
		return
	}
	*into = make([]Param, 0, len(given))
	for i := range given {
		pair := &given[i]
		switch name := pair.Key(); name {
		case "grant_type":
			r.FailKey(pair, "is always client_credentials", "remove it")
			continue
		case "scope":
			r.FailKey(pair, "has a key of its own", "write scopes: […]")
			continue
		case "client_id", "client_secret":
			r.FailKey(pair, "has a key of its own", "write "+name+" under oauth2")
			continue
		case "":
			r.FailKey(pair, "must not be empty", "")
			continue
		}
		t, ok := credential.Read(r, pair)
		switch {
		case !ok:
		case t.Known && yamlnode.HasControl(t.String()):
			r.Fail(pair, yamlnode.NoControl, yamlnode.OneLine)
		case len(t.String()) > maxParam:
			r.Fail(pair, fmt.Sprintf("must have at most %d bytes, has %d", maxParam, len(t.String())), "")
		default:
			*into = append(*into, redact.NewHeader(pair.Key(), t.String(), t.Hidden()))
		}
	}
}

// isPrintable reports whether s is printable ASCII; it may have spaces.
func isPrintable(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c > '~' })
}

// CheckTokenURL reports what is wrong with the address of the tokens.
func CheckTokenURL(r *yamlnode.Reader, url yamlnode.Text, rules endpoint.Rules) {
	for _, flaw := range endpoint.CheckURL(url.String(), url.Hidden(), rules) {
		if strings.Contains(flaw.Message, "user name") {
			flaw.Hint = "write client_id and client_secret"
		}
		r.Fail(url.At, flaw.Message, flaw.Hint)
	}
}
