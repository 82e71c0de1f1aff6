package outbox

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
)

//go:embed schema.sql
var schema string

// SQL returns what makes the outbox of a database, in one transaction. It may be run
// again, by its owner. The roles may then send events, and do nothing else.
func SQL(roles ...string) string {
	var text strings.Builder
	text.WriteString(schema)
	for _, role := range roles {
		name := `"` + strings.ReplaceAll(role, `"`, `""`) + `"`
		fmt.Fprintf(&text, "\nGRANT USAGE ON SCHEMA sidehook TO %s;\nGRANT EXECUTE ON FUNCTION sidehook.send(text, json, text, text, text, jsonb), sidehook.send(text, text, text, text, text, jsonb),\n  sidehook.send(text, jsonb, text, text, text, jsonb) TO %s;\n", name, name)
	}
	text.WriteString("\nCOMMIT;\n")
	return text.String()
}

// Init makes the outbox of a database.
func Init(ctx context.Context, d *Database, roles ...string) error {
	conn, err := d.connect(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", d, explain(err))
	}
	defer conn.close(ctx)
	// The simple protocol runs several statements.
	if _, err := conn.pg.Exec(ctx, SQL(roles...)).ReadAll(); err != nil {
		return fmt.Errorf("%s: %w", d, err)
	}
	return nil
}
