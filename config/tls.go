package config

import "sidehook/config/material"

// readTLS reads the keys, and the files that they name.
func readTLS(l *loader, v *value, t *TLS) {
	*t = TLS{}
	given := l.Pairs(v, "")
	readKeys(l, given, l.tables.tls, t)
	from := material.Reading{Reader: l.Reader, Files: l.files, Cache: l.material, Missing: l.missing}
	from.Load(given, t)
}
