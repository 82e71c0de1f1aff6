package archive

import "sidehook/history/postgres/database"

func (r *Reader) DB() *database.DB { return r.db }
