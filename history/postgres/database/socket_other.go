//go:build !linux

package database

import "syscall"

// controlSocket leaves the socket as it is.
func controlSocket(string, string, syscall.RawConn) error { return nil }
