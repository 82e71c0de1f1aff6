package database

import "encoding/binary"

// Argument is an argument of a statement: a value in the binary form of its type, which
// PostgreSQL knows by a number.
type Argument struct {
	oid   uint32
	value []byte // nil: NULL
}

// The numbers of types, and of arrays of them.
const (
	boolType, boolArray   = 16, 1000
	byteaType, byteaArray = 17, 1001
	nameType              = 19
	int8Type, int8Array   = 20, 1016
	int2Type              = 21
	int4Type, int4Array   = 23, 1007
	textType, textArray   = 25, 1009
	varcharType           = 1043
	uuidType, uuidArray   = 2950, 2951
	jsonbType             = 3802
)

type integer interface {
	~int | ~int32 | ~int64 | ~uint32 | ~uint64
}

func Bool(b bool) Argument         { return Argument{boolType, appendBool(nil, b)} }
func Text(text string) Argument    { return Argument{textType, []byte(text)} }
func Int8[N integer](n N) Argument { return Argument{int8Type, appendInt8(nil, n)} }

// Bytea is not copied, and never NULL.
func Bytea(value []byte) Argument {
	if value == nil {
		value = []byte{}
	}
	return Argument{byteaType, value}
}

// JSONB is a text of JSON; nil is NULL.
func JSONB(text []byte) Argument {
	if text == nil {
		return Argument{jsonbType, nil}
	}
	return Argument{jsonbType, append([]byte{1}, text...)} // the version of the form
}

// A list is an array of its elements, which is never NULL.

func Bools(list []bool) Argument {
	return array(boolArray, boolType, len(list), list, appendBool)
}
func Int4s(list []int32) Argument {
	return array(int4Array, int4Type, 4*len(list), list, appendInt4)
}
func Int8s[N integer](list []N) Argument {
	return array(int8Array, int8Type, 8*len(list), list, appendInt8[N])
}
func UUIDs(list [][16]byte) Argument {
	return array(uuidArray, uuidType, 16*len(list), list, appendUUID)
}
func Texts(list []string) Argument {
	return array(textArray, textType, total(list), list, appendText)
}

// Byteas is an array in which nil is NULL.
func Byteas(list [][]byte) Argument {
	return array(byteaArray, byteaType, total(list), list, appendBytea)
}

// array has the elements of a list, as put appends each; it returns nil for NULL. size is
// that of all of them.
func array[T any](oid, element uint32, size int, list []T, put func(b []byte, v T) []byte) Argument {
	b := make([]byte, 0, 20+4*len(list)+size)
	dimensions := uint32(min(1, len(list)))
	b = appendInt4(b, dimensions)
	b = appendInt4(b, uint32(0)) // the server looks for NULL itself
	b = appendInt4(b, element)
	if dimensions > 0 {
		b = appendInt4(b, uint32(len(list)))
		b = appendInt4(b, uint32(1)) // the first index
	}
	for _, v := range list {
		b = appendInt4(b, int32(-1))
		if with := put(b, v); with != nil {
			binary.BigEndian.PutUint32(with[len(b)-4:], uint32(len(with)-len(b)))
			b = with
		}
	}
	return Argument{oid, b}
}

func total[T ~string | ~[]byte](list []T) (n int) {
	for _, v := range list {
		n += len(v)
	}
	return n
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

func appendBytea(b, v []byte) []byte {
	if v == nil {
		return nil
	}
	return append(b, v...)
}

func appendText(b []byte, v string) []byte       { return append(b, v...) }
func appendUUID(b []byte, v [16]byte) []byte     { return append(b, v[:]...) }
func appendInt4[N integer](b []byte, v N) []byte { return binary.BigEndian.AppendUint32(b, uint32(v)) }
func appendInt8[N integer](b []byte, v N) []byte { return binary.BigEndian.AppendUint64(b, uint64(v)) }
