package outbox_test

import (
	"slices"
	"strings"
	"testing"
)

// TestSend: what an application writes is kept as it is, and what is wrong is an error in
// its own transaction.
func TestSend(t *testing.T) {
	d := newDatabase(t)
	const asJSON = `concat_ws(' ', id, type, source, subject, attributes, data)`
	for _, c := range []struct{ call, want string }{
		{`'a.b', id => '1'`, `1 a.b`},
		{`'a.b', NULL, '1'`, `1 a.b`},
		{`'a.b', '{"z":1.10,  "a":12345678901234567890}', '1'`, `1 a.b {"z":1.10,  "a":12345678901234567890}`},
		{`'a.b', '[1,  2]'::json, '1'`, `1 a.b [1,  2]`},
		{`'a.b', '[1,  2]'::text, '1'`, `1 a.b [1,  2]`},
		{`'a.b', '{"b":1,  "a":2}'::jsonb, '1'`, `1 a.b {"a": 2, "b": 1}`},
		{`type => 'a.b', data => 'null', id => '1', source => '/s?a=%20#b', subject => 'é'`, `1 a.b /s?a=%20#b é null`},
		{`'a.b', to_jsonb(5), '1', 's', 'x', '{"tenant": "acme", "n": -2147483648, "ok": true, "none": null}'`, `1 a.b s x {"n": -2147483648, "ok": true, "none": null, "tenant": "acme"} 5`},
		{`'a.b', '1', '1', attributes => '{"time": "2026-11-23T14:55:00.5+01:00", "expirytime": "2026-11-23t14:55:00z", "datacontenttype": "text/plain; charset=utf-8", "dataschema": "https://a/b#c"}'`, `1 a.b {"time": "2026-11-23T14:55:00.5+01:00", "dataschema": "https://a/b#c", "expirytime": "2026-11-23t14:55:00z", "datacontenttype": "text/plain; charset=utf-8"} 1`},
	} {
		if got := d.value("TRUNCATE sidehook.outbox; SELECT sidehook.send(" + c.call + "); SELECT " + asJSON + " FROM sidehook.outbox"); got != "1 "+c.want {
			t.Errorf("send(%s): got %s, want %s", c.call, got, c.want)
		}
	}
	d.exec("TRUNCATE sidehook.outbox")
	if sent, kept := d.value(`SELECT sidehook.send('a')`), d.value(`SELECT id FROM sidehook.outbox`); sent != kept || len(sent) != 36 {
		t.Errorf("sent %s, kept %s", sent, kept)
	}

	d.exec("TRUNCATE sidehook.outbox")
	for _, c := range []struct{ call, want string }{
		{`NULL`, `type must not be empty`},
		{`''`, `type must not be empty`},
		{`e'a\nb'`, `type must not hold control characters`},
		{`'sidehook.x'`, `type 'sidehook.x': types that begin with "sidehook." are reserved for sidehook`},
		{`'a', '{'`, `invalid input syntax for type json`},
		{`'a', 'x'`, `invalid input syntax for type json`},
		{`'a', ''`, `invalid input syntax for type json`},
		{`'a', id => ''`, `id must not be empty; leave it out for a new one`},
		{`'a', id => e'\x7f'`, `id must not hold control characters`},
		{`'a', source => ''`, `source must not be empty; leave it out for the source in webhooks.yaml`},
		{`'a', source => 'a b'`, `source 'a b' must be a URI reference, such as com.example/app`},
		{`'a', source => 'a%2'`, `source 'a%2' must be a URI reference, such as com.example/app`},
		{`'a', subject => ''`, `subject must not be empty; leave it out for none`},
		{`'a', subject => e'\t'`, `subject must not hold control characters`},
		{`'a', attributes => '[]'`, `attributes must be a JSON object, not array`},
		{`'a', attributes => 'null'`, `attributes must be a JSON object, not null`},
		{`'a', attributes => '{"Tenant": 1}'`, `attribute "Tenant" is not the name of an attribute: those have lower-case letters and digits only`},
		{`'a', attributes => '{"": 1}'`, `attribute "" is not the name of an attribute`},
		{`'a', attributes => '{"type": "b"}'`, `attribute "type" is an argument of its own`},
		{`'a', attributes => '{"data": 1}'`, `attribute "data" is an argument of its own`},
		{`'a', attributes => '{"specversion": "1.0"}'`, `attribute "specversion" is set by sidehook`},
		{`'a', attributes => '{"a": {}}'`, `attribute "a" must be a string, a boolean or an integer, not object`},
		{`'a', attributes => '{"a": 1.5}'`, `attribute "a" must be an integer from -2147483648 to 2147483647`},
		{`'a', attributes => '{"a": 2147483648}'`, `attribute "a" must be an integer from -2147483648 to 2147483647`},
		{`'a', attributes => '{"a": 1e300}'`, `attribute "a" must be an integer from -2147483648 to 2147483647`},
		{`'a', attributes => '{"a": "b\u0001"}'`, `attribute "a" must not hold control characters`},
		{`'a', attributes => '{"time": "yesterday"}'`, `attribute "time" must be a time of RFC 3339`},
		{`'a', attributes => '{"time": 5}'`, `attribute "time" must be a string, not number`},
		{`'a', attributes => '{"expirytime": "2026-11-23"}'`, `attribute "expirytime" must be a time of RFC 3339`},
		{`'a', attributes => '{"datacontenttype": "json"}'`, `attribute "datacontenttype" must be a media type`},
		{`'a', attributes => '{"dataschema": "/a"}'`, `attribute "dataschema" must be a URI`},
	} {
		_, err := d.try("postgres", "SELECT sidehook.send("+c.call+")")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("send(%s): got %v, want %s", c.call, err, c.want)
		}
	}
	if got := d.value("SELECT count(*) FROM sidehook.outbox"); got != "0" {
		t.Errorf("%s rows of what is wrong", got)
	}
}

// TestInitAgain: what is there stays.
func TestInitAgain(t *testing.T) {
	d := newDatabase(t)
	d.exec(`SELECT sidehook.send('a', id => '1'); ALTER TABLE sidehook.outbox DISABLE TRIGGER outbox_notify; SELECT setval('sidehook.outbox_idle', 1)`)
	role := d.role()
	d.init(role)
	d.init(role, role)
	if got := d.value("SELECT count(*) FROM sidehook.outbox; SELECT tgenabled FROM pg_trigger WHERE tgname = 'outbox_notify'; SELECT last_value FROM sidehook.outbox_idle"); got != "1 D 1" {
		t.Errorf("got %s, want 1 D 1", got)
	}
}

// TestRoleOfAnApplication has USAGE and EXECUTE alone.
func TestRoleOfAnApplication(t *testing.T) {
	d := bare(t)
	app, other := d.role(), d.role()
	d.init(app)
	// Nothing of the caller's search path is used.
	const traps = `SET search_path = pg_temp, public; CREATE TEMP TABLE outbox (a int); CREATE TEMP VIEW jsonb_each AS SELECT 1;`
	if got, err := d.try(app, traps+`SELECT sidehook.send('a', '{}'::jsonb, '1', attributes => '{"a": 1}')`); err != nil || !slices.Equal(got, []string{"1"}) {
		t.Errorf("the role sends %s, %v", got, err)
	}
	for role, calls := range map[string][]string{
		app:   {"SELECT * FROM sidehook.outbox", "DELETE FROM sidehook.outbox", "INSERT INTO sidehook.outbox (type) VALUES ('a')", "SELECT * FROM sidehook.outbox_refused", "SELECT setval('sidehook.outbox_idle', 1)", "CREATE TABLE sidehook.a (a int)"},
		other: {"SELECT sidehook.send('a')"},
	} {
		for _, sql := range calls {
			if _, err := d.try(role, sql); err == nil || !strings.Contains(err.Error(), "permission denied") {
				t.Errorf("%s: %v, want that it is denied", sql, err)
			}
		}
	}
	// USAGE alone is not enough.
	d.exec(`GRANT USAGE ON SCHEMA sidehook TO "` + strings.ReplaceAll(other, `"`, `""`) + `"`)
	for _, sql := range []string{"SELECT sidehook.send('a')", "SELECT sidehook.send('a', '{}'::json)", "SELECT sidehook.send('a', '{}'::jsonb)"} {
		if _, err := d.try(other, sql); err == nil || !strings.Contains(err.Error(), "permission denied for function send") {
			t.Errorf("%s: %v, want that it is denied", sql, err)
		}
	}
}
