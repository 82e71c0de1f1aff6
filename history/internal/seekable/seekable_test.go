package seekable_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"sidehook/history/internal/seekable"
)

// sample is lines of text, one of them longer than a frame.
func sample() []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	for i := 0; b.Len() < 2<<20; i++ {
		fmt.Fprintf(&b, `{"seq":%d,"id":"%016x","pad":%q}`+"\n", i, rng.Uint64(), strings.Repeat("x", rng.IntN(300)))
		if i == 3000 {
			for range 40_000 {
				fmt.Fprintf(&b, "%016x", rng.Uint64())
			}
			b.WriteByte('\n')
		}
	}
	return b.Bytes()
}

func compress(t *testing.T, text []byte) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := seekable.Compress(&file, bytes.NewReader(text), int64(len(text)), func(int) error { return nil }); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func open(t *testing.T, file []byte) *seekable.Reader {
	t.Helper()
	r, err := seekable.Open(bytes.NewReader(file), int64(len(file)), &seekable.Cache{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func all(t *testing.T, r *seekable.Reader) []byte {
	t.Helper()
	text, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestReadAt(t *testing.T) {
	text := sample()
	r := open(t, compress(t, text))
	if r.Size() != int64(len(text)) {
		t.Fatalf("%d bytes, want %d", r.Size(), len(text))
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		off, b := rng.Int64N(r.Size()+10), make([]byte, rng.IntN(600<<10>>rng.IntN(20)))
		n, err := r.ReadAt(b, off)
		want := text[min(off, r.Size()):min(off+int64(len(b)), r.Size())]
		if !bytes.Equal(b[:n], want) || (err == io.EOF) != (n < len(b)) || err != nil && err != io.EOF {
			t.Fatalf("%d bytes at %d: %d, %v", len(b), off, n, err)
		}
	}
	if len(r.Flaws()) > 0 {
		t.Errorf("flaws %v", r.Flaws())
	}
	if empty := open(t, compress(t, nil)); empty.Size() != 0 {
		t.Errorf("an empty text has %d bytes", empty.Size())
	}
}

// TestTools: zstd reads what is written here, and what it writes is read here.
func TestTools(t *testing.T) {
	text := sample()
	tool, err := exec.LookPath("zstd")
	if err != nil {
		t.Skip("there is no zstd to hold it against")
	}
	name := filepath.Join(t.TempDir(), "x.zst")
	if err := os.WriteFile(name, compress(t, text), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := exec.Command(tool, "-dc", name).Output(); err != nil || !bytes.Equal(got, text) {
		t.Errorf("zstd -dc: %d bytes, %v", len(got), err)
	}
	cmd := exec.Command(tool, "-c")
	cmd.Stdin = bytes.NewReader(text) // so that it does not know the length
	file, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if r := open(t, file); !bytes.Equal(all(t, r), text) || len(r.Flaws()) > 0 {
		t.Errorf("what zstd made: %d bytes, flaws %v", r.Size(), r.Flaws())
	}
}

// TestWithoutTable: one frame after the other is found if there is no table.
func TestWithoutTable(t *testing.T) {
	text := sample()
	encoder, _ := zstd.NewWriter(nil)
	for name, file := range map[string][]byte{
		"another's": append(encoder.EncodeAll(text[:1000], nil), encoder.EncodeAll(text[1000:], nil)...),
		"cut off":   without(compress(t, text)),
	} {
		if r := open(t, file); !bytes.Equal(all(t, r), text) || len(r.Flaws()) > 0 {
			t.Errorf("%s: %d bytes, flaws %v", name, r.Size(), r.Flaws())
		}
	}
}

// without takes away the table and its checksum.
func without(file []byte) []byte {
	frames := int(file[len(file)-9])
	return file[:len(file)-(12+8+8*frames+9)]
}

// TestFlipped flips a bit of every part of a file: what is lost is the lines of
// one frame at most, and it is always told.
func TestFlipped(t *testing.T) {
	text := sample()
	whole := compress(t, text)
	table, told := len(without(whole)), 0
	for at := 0; at < len(whole); at++ {
		if at%8999 != 0 && at < table {
			continue
		}
		file := bytes.Clone(whole)
		file[at] ^= 1 << (at % 8)
		r := open(t, file)
		got := all(t, r)
		flaws := r.Flaws()
		if at >= table {
			if !bytes.Equal(got, text) || len(flaws) != 1 {
				t.Errorf("byte %d, of the table: %d bytes, flaws %v", at, len(got), flaws)
			}
			continue
		}
		if len(flaws) == 0 && bytes.Equal(got, text) {
			continue // a bit that nothing depends on
		}
		told++
		if len(got) != len(text) || len(flaws) != 1 {
			t.Fatalf("byte %d: %d bytes, flaws %v", at, len(got), flaws)
		}
		from, to := differ(got, text)
		if to-from > 256<<10 {
			t.Errorf("byte %d: the text differs from %d to %d", at, from, to)
		}
		if zeros := bytes.IndexByte(got, 0); zeros >= 0 && r.Lost(int64(zeros), int64(zeros)+1) == "" {
			t.Errorf("byte %d: nothing is said of what is lost", at)
		}
	}
	if told < 30 {
		t.Errorf("only %d of the bits made a difference", told)
	}
}

func differ(a, b []byte) (from, to int) {
	for from < len(a) && a[from] == b[from] {
		from++
	}
	for to = len(a); to > from && a[to-1] == b[to-1]; to-- {
	}
	return from, to
}

// TestCutShort: of a file that is cut short the whole frames are read, and the
// rest is told of.
func TestCutShort(t *testing.T) {
	text := sample()
	whole := compress(t, text)
	for at := 1; at < len(without(whole)); at += 9973 {
		r := open(t, whole[:at])
		got := all(t, r)
		kept := got[:len(got)-1]
		if !bytes.HasPrefix(text, kept) || got[len(got)-1] != '\n' || len(r.Flaws()) != 1 || r.Lost(int64(len(kept)), int64(len(got))) == "" {
			t.Errorf("%d bytes: %d bytes of text, flaws %v", at, len(got), r.Flaws())
		}
	}
}

// FuzzOpen: no file makes a reader panic, or contradict itself.
func FuzzOpen(f *testing.F) {
	var file bytes.Buffer
	text := strings.Repeat("a line\n", 100)
	if err := seekable.Compress(&file, strings.NewReader(text), int64(len(text)), func(int) error { return nil }); err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes())
	f.Add(without(file.Bytes()))
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := seekable.Open(bytes.NewReader(file), int64(len(file)), &seekable.Cache{})
		if err != nil || r.Size() > 16<<20 {
			return
		}
		if n := len(all(t, r)); int64(n) != r.Size() {
			t.Errorf("%d bytes of %d", n, r.Size())
		}
	})
}

func BenchmarkRead(b *testing.B) {
	text := sample()
	var file bytes.Buffer
	if err := seekable.Compress(&file, bytes.NewReader(text), int64(len(text)), func(int) error { return nil }); err != nil {
		b.Fatal(err)
	}
	cache := &seekable.Cache{}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		r, _ := seekable.Open(bytes.NewReader(file.Bytes()), int64(file.Len()), cache)
		io.Copy(io.Discard, io.NewSectionReader(r, 0, r.Size()))
	}
}
