package config

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"sidehook/config/canonical"
	"sidehook/config/credential"
	"sidehook/config/endpoint"
	"sidehook/config/redact"
	"sidehook/config/yamlnode"
)

// OAuth2 are the client credentials that get a webhook its access tokens. The zero
// OAuth2 is none.
type OAuth2 struct {
	TokenURL     URL
	ClientID     string
	ClientSecret Secret
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
	maxScopes = 64
	maxParams = 32
	maxParam  = 4 << 10 // bytes of a client_secret or a param
)

func oauth2Keys() []key[OAuth2] {
	return []key[OAuth2]{
		declare("token_url", "https://login.example.com/oauth2/token", "Where tokens are fetched; the rules of url hold for it.",
			address(readTokenURL), func(o *OAuth2) *URL { return &o.TokenURL }),
		declare("client_id", "sidehook", "The id that the authorization server knows this client by.",
			text(schema{"minLength": 1, "maxLength": 1024}, readClientID), func(o *OAuth2) *string { return &o.ClientID }),
		declare("client_secret", "${CRM_CLIENT_SECRET}", "The secret of the client.",
			clientSecret(), func(o *OAuth2) *Secret { return &o.ClientSecret }),
		declare("scopes", "[hooks.write]", "The scopes to ask for.",
			list(listOf(schema{"type": "string", "minLength": 1}, 0, maxScopes), readScopes, showList[string]), func(o *OAuth2) *[]string { return &o.Scopes }),
		declare("params", "{audience: https://crm.example.com}", "Further parameters of the token request.",
			params(), func(o *OAuth2) *[]Param { return &o.Params }),
	}
}

// oauth2 is the codec of the section.
func oauth2(keys []key[OAuth2]) codec[OAuth2] {
	c := section(objectOf(keys, &OAuth2{}), keys, readOAuth2)
	c.equal = OAuth2.Equal
	c.digest = func(name string, o OAuth2) string { return fmt.Sprintf("%s %q\n", name, o.Reveal()) }
	show := c.show
	c.show = func(o OAuth2) any {
		if o.IsZero() {
			return nil
		}
		return show(o)
	}
	return c
}

// readOAuth2 leaves the rules for token_url to finishOAuth2, because allow may lift
// some. An empty mapping takes away that of the defaults.
func readOAuth2(l *loader, v *value, o *OAuth2) {
	*o, l.partial.tokenURL = OAuth2{}, yamlnode.Text{}
	given := l.Pairs(v, "write oauth2: {token_url: …, client_id: …, client_secret: …}")
	known := bits.OnesCount64(uint64(readKeys(l, given, l.tables.oauth2, o)))
	for _, name := range []string{"token_url", "client_id", "client_secret"} {
		// A key that is unknown may be this one.
		if known > 0 && known == len(given) && yamlnode.Find(given, name) == nil {
			l.Fail(&value{Node: v.Node, Name: &yaml.Node{Value: name}, Up: v}, "is required", "write one, or oauth2: {} for no token")
		}
	}
}

func readTokenURL(l *loader, v *value, into *URL) {
	if t, ok := credential.ReadAddress(l.Reader, v); ok {
		l.partial.tokenURL, *into = t, redact.NewURL(t.String(), t.Hidden())
	}
}

func readClientID(l *loader, v *value, into *string) {
	t, ok := l.Text(v)
	switch {
	case !ok:
	case t.Known && (t.String() == "" || len(t.String()) > 1024 || !isPrintable(t.String())):
		l.Fail(v, "must be 1 to 1024 printable ASCII characters", "")
	default:
		*into = t.String()
	}
}

// clientSecret is a secret that anything but control characters may stand in.
func clientSecret() codec[Secret] {
	return codec[Secret]{
		schema: schema{"type": "string", "minLength": 1},
		read: func(l *loader, v *value, into *Secret) {
			t, ok := credential.ReadKey(l.Reader, v)
			switch {
			case !ok:
			case t.String() == "":
				l.Fail(v, "must not be empty", "")
			case t.Known && yamlnode.HasControl(t.String()):
				l.Fail(v, yamlnode.NoControl, yamlnode.OneLine)
			case len(t.String()) > maxParam:
				l.Fail(v, fmt.Sprintf("must have at most %d bytes, has %d", maxParam, len(t.String())), "")
			default:
				*into = redact.NewSecret(t.String())
			}
		},
		show: func(s Secret) any {
			if s.IsZero() {
				return nil
			}
			return s
		},
	}
}

func readScopes(l *loader, v *value, into *[]string) {
	items := l.Items(v, "write a list, such as scopes: [hooks.write]")
	if len(items) > maxScopes {
		l.Fail(v, fmt.Sprintf("must be at most %d scopes, are %d", maxScopes, len(items)), "")
		return
	}
	*into = make([]string, 0, len(items))
	for i := range items {
		t, ok := l.Known(&items[i])
		switch {
		case !ok:
		case strings.Contains(strings.TrimSpace(t.String()), " "):
			l.Fail(t.At, "must be one scope, not several with spaces between them", "write a list, such as scopes: [hooks.read, hooks.write]")
		case t.String() == "" || !isPrintable(t.String()) || strings.ContainsAny(t.String(), " \"\\"):
			l.Fail(t.At, "must be printable ASCII without spaces, quotes and backslashes, not "+t.Show(), "")
		case slices.Contains(*into, t.String()):
			l.Fail(t.At, t.Show()+" is given twice", "remove one")
		default:
			*into = append(*into, t.String())
		}
	}
}

func params() codec[[]Param] {
	return codec[[]Param]{
		schema: schema{"type": "object", "additionalProperties": schema{"type": "string"}},
		read:   readParams,
		show: func(list []Param) any {
			if len(list) == 0 {
				return nil
			}
			return canonical.Pairs(each(list, func(p Param) canonical.Pair { return canonical.Pair{Key: p.Name, Value: p.Redacted()} }))
		},
	}
}

func readParams(l *loader, v *value, into *[]Param) {
	given := l.Pairs(v, "write params: {NAME: VALUE}")
	if len(given) > maxParams {
		l.Fail(v, fmt.Sprintf("must be at most %d, are %d", maxParams, len(given)), "")
		return
	}
	*into = make([]Param, 0, len(given))
	for i := range given {
		pair := &given[i]
		switch name := pair.Key(); name {
		case "grant_type":
			l.FailKey(pair, "is always client_credentials", "remove it")
			continue
		case "scope":
			l.FailKey(pair, "has a key of its own", "write scopes: […]")
			continue
		case "client_id", "client_secret":
			l.FailKey(pair, "has a key of its own", "write "+name+" under oauth2")
			continue
		case "":
			l.FailKey(pair, "must not be empty", "")
			continue
		}
		t, ok := credential.Read(l.Reader, pair)
		switch {
		case !ok:
		case t.Known && yamlnode.HasControl(t.String()):
			l.Fail(pair, yamlnode.NoControl, yamlnode.OneLine)
		case len(t.String()) > maxParam:
			l.Fail(pair, fmt.Sprintf("must have at most %d bytes, has %d", maxParam, len(t.String())), "")
		default:
			*into = append(*into, redact.NewHeader(pair.Key(), t.String(), t.Hidden()))
		}
	}
}

// isPrintable reports whether s is printable ASCII; it may have spaces.
func isPrintable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// finishOAuth2 checks what the allow and the headers of a webhook say of its oauth2.
// What is wrong with that of the defaults is reported once.
func (l *loader) finishOAuth2(d *partial) {
	inherited := !d.gives("oauth2")
	if d.OAuth2.IsZero() || inherited && d.base.badOAuth2 {
		return
	}
	before := l.Errors()
	if d.tokenURL.Known {
		l.checkTokenURL(d)
	}
	h := find(d.headers, "Authorization")
	if h == nil {
		h = find(d.base.headers, "Authorization")
	}
	if h != nil && !h.remove {
		l.FailKey(h.at, "is set by oauth2", "remove it, or oauth2")
	}
	d.base.badOAuth2 = d.base.badOAuth2 || inherited && l.Errors() > before
}

func (l *loader) checkTokenURL(d *partial) {
	for _, flaw := range endpoint.CheckURL(d.tokenURL.String(), d.tokenURL.Hidden(), endpoint.Rules{HTTP: d.Allow.HTTP, AnyHost: d.Allow.AnyHost}) {
		if strings.Contains(flaw.Message, "user name") {
			flaw.Hint = "write client_id and client_secret"
		}
		l.Fail(d.tokenURL.At, flaw.Message, flaw.Hint)
	}
}
