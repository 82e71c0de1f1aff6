package material

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
)

// pemBlock is a part of a file in PEM form, from its BEGIN to its END.
type pemBlock struct {
	kind string // such as CERTIFICATE
	line int    // of its BEGIN
	// suspect is the line to blame if the content of the block is bad: the first
	// line that is not as long as the others, or its BEGIN.
	suspect   int
	encrypted bool // by its headers
	der       []byte
}

// Flaw is what is wrong with a file in PEM form, and in which line; line 0 is the
// whole file.
type Flaw struct {
	Line          int
	Message, Hint string
}

const copyAgain = "copy the file again"

var (
	marker = regexp.MustCompile(`^-----(BEGIN|END) ([A-Z0-9]+(?: [A-Z0-9]+)*)-----$`)
	// nearMarker matches a line that was most likely meant as a marker.
	nearMarker = regexp.MustCompile(`(?i)--(BEGIN|END)\b|^[^\pL\pN#]+(BEGIN|END)( [\pL\pN ]+)?[^\pL\pN]*$`)
	twoMarkers = regexp.MustCompile(`-----END [A-Z0-9 ]+-----.*-----BEGIN `)
)

// readPEM returns every block of a file, or which line is damaged. Text between the
// blocks is a comment.
func readPEM(text string) ([]pemBlock, Flaw) {
	if strings.ContainsFunc(text, isBinary) {
		return nil, Flaw{0, "is binary, and must be text in PEM form", "convert it: from DER with openssl x509 -inform der -in FILE, or openssl pkey -inform der -in FILE for a key; from PKCS #12 with openssl pkcs12 -nodes -in FILE"}
	}
	var blocks []pemBlock
	var open *openBlock
	lines := strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n")
	for i, line := range lines {
		at, line := i+1, strings.TrimSpace(line)
		words := marker.FindStringSubmatch(line)
		switch {
		case words == nil && twoMarkers.MatchString(line):
			return nil, Flaw{at, "ends one block and begins another", "start a new line with -----BEGIN"}
		case words == nil && nearMarker.MatchString(line):
			return nil, Flaw{at, "has a damaged BEGIN or END", "write it in a line of its own, like -----BEGIN CERTIFICATE-----"}
		case words == nil && open != nil:
			if bad := open.add(at, line); bad.Line != 0 {
				return nil, bad
			}
		case words == nil:
		case words[1] == "BEGIN" && open != nil:
			return nil, Flaw{at, fmt.Sprintf("begins a block before that of line %d has ended", open.line), copyAgain}
		case words[1] == "BEGIN":
			open = &openBlock{pemBlock: pemBlock{kind: words[2], line: at, suspect: at}}
		case open == nil:
			return nil, Flaw{at, "ends a block that does not begin", copyAgain}
		case words[2] != open.kind:
			return nil, Flaw{at, fmt.Sprintf("ends a block as %s, which line %d begins as %s", words[2], open.line, open.kind), copyAgain}
		default:
			block, bad := open.close()
			if bad.Line != 0 {
				return nil, bad
			}
			blocks, open = append(blocks, block), nil
		}
	}
	if open != nil {
		return nil, Flaw{open.line, "begins a block that does not end", "copy the whole file, up to -----END " + open.kind + "-----"}
	}
	return blocks, Flaw{}
}

func isBinary(r rune) bool { return r < ' ' && (r < '\t' || r > '\r') }

// openBlock is a block whose END has not come yet.
type openBlock struct {
	pemBlock
	encoded strings.Builder
	width   int // of the first line; 0: there is none yet
	odd     int // the first line of another width; 0: there is none
	last    int // the last line read
}

// add reads a line of the block.
func (b *openBlock) add(at int, line string) Flaw {
	switch {
	case line == "":
		return Flaw{}
	case b.width == 0 && strings.Contains(line, ":") && isPrivateKey(b.kind): // a header
		b.encrypted = b.encrypted || strings.HasPrefix(line, "Proc-Type:") && strings.Contains(line, "ENCRYPTED")
		return Flaw{}
	case strings.Trim(line, base64Letters) != "" || strings.HasSuffix(b.encoded.String(), "="):
		return Flaw{at, fmt.Sprintf("is not base64, in the block that line %d begins", b.line), copyAgain}
	case b.width == 0:
		b.width = len(line)
	case len(line) != b.width && b.odd == 0:
		b.odd = at
	}
	b.encoded.WriteString(line)
	b.last = at
	return Flaw{}
}

const base64Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="

// close returns the block, whose END has come.
func (b *openBlock) close() (pemBlock, Flaw) {
	if b.odd != b.last && b.odd != 0 { // the last may be shorter
		b.suspect = b.odd
	}
	var err error
	if b.der, err = base64.StdEncoding.Strict().DecodeString(b.encoded.String()); err != nil || len(b.der) == 0 {
		return pemBlock{}, Flaw{b.suspect, fmt.Sprintf("is not complete base64, in the block that line %d begins", b.line), copyAgain}
	}
	return b.pemBlock, Flaw{}
}

func isPrivateKey(kind string) bool { return strings.HasSuffix(kind, "PRIVATE KEY") }
