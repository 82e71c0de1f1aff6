package config

import (
	"fmt"
	"math/bits"

	"gopkg.in/yaml.v3"

	"sidehook/config/canonical"
	"sidehook/config/credential"
	"sidehook/config/header"
	"sidehook/config/jsonschema"
	"sidehook/config/oauth"
	"sidehook/config/redact"
	"sidehook/config/yamlnode"
)

func oauth2Keys() []key[OAuth2] {
	return []key[OAuth2]{
		declare("token_url", "https://login.example.com/oauth2/token", "Where tokens are fetched; the rules of url hold for it.",
			address(readTokenURL), func(o *OAuth2) *URL { return &o.TokenURL }),
		declare("client_id", "sidehook", "The id that the authorization server knows this client by.",
			text(schema{"minLength": 1, "maxLength": 1024}, plain(oauth.ReadClientID)), func(o *OAuth2) *string { return &o.ClientID }),
		declare("client_secret", "${CRM_CLIENT_SECRET}", "The secret of the client.",
			secret(oauth.ReadClientSecret), func(o *OAuth2) *Secret { return &o.ClientSecret }),
		declare("scopes", "[hooks.write]", "The scopes to ask for.",
			list(jsonschema.List(schema{"type": "string", "minLength": 1}, 0, oauth.MaxScopes), plain(oauth.ReadScopes), showList[string]), func(o *OAuth2) *[]string { return &o.Scopes }),
		declare("params", "{audience: https://crm.example.com}", "Further parameters of the token request.",
			params(), func(o *OAuth2) *[]oauth.Param { return &o.Params }),
	}
}

// oauth2 is the codec of the section.
func oauth2(keys []key[OAuth2]) codec[OAuth2] {
	c := section(objectOf(keys, &OAuth2{}), keys, readOAuth2)
	c.equal = OAuth2.Equal
	c.digest = func(name string, o OAuth2) string { return fmt.Sprintf("%s %q\n", name, o.Reveal()) }
	return shownIf(func(o OAuth2) bool { return !o.IsZero() }, c)
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

func params() codec[[]oauth.Param] {
	return codec[[]oauth.Param]{
		schema: schema{"type": "object", "additionalProperties": schema{"type": "string"}},
		read:   plain(oauth.ReadParams),
		show: func(list []oauth.Param) any {
			if len(list) == 0 {
				return nil
			}
			return canonical.Pairs(each(list, func(p oauth.Param) canonical.Pair { return canonical.Pair{Key: p.Name, Value: p.Redacted()} }))
		},
	}
}

// finishOAuth2 checks what the allow and the headers of a webhook say of its oauth2.
// An error in the oauth2 of the defaults is reported once.
func (l *loader) finishOAuth2(d *partial) {
	inherited := !d.gives("oauth2")
	if d.OAuth2.IsZero() || inherited && d.base.badOAuth2 {
		return
	}
	before := l.Errors()
	if d.tokenURL.Known {
		oauth.CheckTokenURL(l.Reader, d.tokenURL, d.Allow.Rules())
	}
	h := header.Find(d.headers, "Authorization")
	if h == nil {
		h = header.Find(d.base.headers, "Authorization")
	}
	if h != nil && !h.Remove {
		l.FailKey(h.At, "is set by oauth2", "remove it, or oauth2")
	}
	d.base.badOAuth2 = d.base.badOAuth2 || inherited && l.Errors() > before
}
