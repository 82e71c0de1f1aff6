package database

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5/pgconn"
)

// Shared scans bytes without a copy: they are valid until the next row is asked for.
type Shared []byte

var (
	errNull = errors.New("it is NULL")
	errForm = errors.New("its binary form is another one")
)

// scan reads the row of a result.
func scan(result *pgconn.ResultReader, row []any) error {
	fields, values := result.FieldDescriptions(), result.Values()
	if len(values) < len(row) {
		return fmt.Errorf("a row has %d columns, and %d are asked for", len(values), len(row))
	}
	for i, to := range row {
		if err := scanValue(to, fields[i].DataTypeOID, values[i]); err != nil {
			return fmt.Errorf("read column %s of type %d as %T: %w", fields[i].Name, fields[i].DataTypeOID, to, err)
		}
	}
	return nil
}

// scanValue reads a value of a type. NULL is nil bytes, or a nil list; nothing else may be
// NULL.
func scanValue(to any, oid uint32, raw []byte) (err error) {
	switch to := to.(type) {
	case *int64:
		*to, err = readInt8(oid, raw)
	case *int32:
		*to, err = readInt4(oid, raw)
	case *int:
		var n int64
		n, err = readInt8(oid, raw)
		*to = int(n)
	case *bool:
		*to, err = readBool(oid, raw)
	case *string:
		*to, err = readText(oid, raw)
	case *[]byte:
		*to = bytes.Clone(raw)
		err = isBytea(oid)
	case *Shared:
		*to = raw
		err = isBytea(oid)
	case *[]int64:
		*to, err = readList(raw, readInt8)
	case *[]int32:
		*to, err = readList(raw, readInt4)
	case *[]bool:
		*to, err = readList(raw, readBool)
	case *[]string:
		*to, err = readList(raw, readText)
	default:
		err = errors.New("nothing is read so")
	}
	return err
}

func readInt8(oid uint32, raw []byte) (int64, error) {
	switch {
	case raw == nil:
		return 0, errNull
	case oid == int8Type && len(raw) == 8:
		return int64(binary.BigEndian.Uint64(raw)), nil
	case oid == int4Type && len(raw) == 4:
		return int64(int32(binary.BigEndian.Uint32(raw))), nil
	case oid == int2Type && len(raw) == 2:
		return int64(int16(binary.BigEndian.Uint16(raw))), nil
	}
	return 0, errForm
}

func readInt4(oid uint32, raw []byte) (int32, error) {
	n, err := readInt8(oid, raw)
	if err == nil && (n < math.MinInt32 || n > math.MaxInt32) {
		err = fmt.Errorf("%d is too large", n)
	}
	return int32(n), err
}

func readBool(oid uint32, raw []byte) (bool, error) {
	switch {
	case raw == nil:
		return false, errNull
	case oid != boolType || len(raw) != 1:
		return false, errForm
	}
	return raw[0] != 0, nil
}

func readText(oid uint32, raw []byte) (string, error) {
	switch {
	case raw == nil:
		return "", errNull
	case oid != textType && oid != varcharType && oid != nameType:
		return "", errForm
	}
	return string(raw), nil
}

func isBytea(oid uint32) error {
	if oid != byteaType {
		return errForm
	}
	return nil
}

// readList reads an array of one dimension.
func readList[T any](raw []byte, read func(oid uint32, raw []byte) (T, error)) ([]T, error) {
	if raw == nil {
		return nil, nil
	}
	r := &listReader{rest: raw}
	dimensions, _, oid := r.number(), r.number(), uint32(r.number())
	if dimensions == 0 && len(r.rest) == 0 && !r.short {
		return []T{}, nil
	}
	n, _ := r.number(), r.number()
	if r.short || dimensions != 1 || n < 0 || int(n) > len(r.rest)/4 {
		return nil, errForm
	}
	list := make([]T, n)
	for i := range list {
		value := r.value()
		if r.short {
			return nil, errForm
		}
		var err error
		if list[i], err = read(oid, value); err != nil {
			return nil, fmt.Errorf("element %d: %w", i+1, err)
		}
	}
	return list, nil
}

// listReader reads what an array consists of.
type listReader struct {
	rest  []byte
	short bool // it has ended too early
}

func (r *listReader) number() int32 {
	if len(r.rest) < 4 {
		r.rest, r.short = nil, true
		return 0
	}
	n := int32(binary.BigEndian.Uint32(r.rest))
	r.rest = r.rest[4:]
	return n
}

// value returns an element, nil for NULL.
func (r *listReader) value() []byte {
	n := int(r.number())
	switch {
	case r.short || n < 0:
		return nil
	case n > len(r.rest):
		r.rest, r.short = nil, true
		return nil
	}
	value := r.rest[:n:n]
	r.rest = r.rest[n:]
	return value
}
