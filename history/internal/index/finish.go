package index

import (
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"slices"
)

// Finish returns the index as a file.
func (b *Builder) Finish() []byte {
	var head, body encoder
	head.string(b.of.Stream)
	head.uint(b.of.First, uint64(b.of.Size), uint64(b.lines), b.last, b.seqs.lowest, b.seqs.highest)
	b.encodeGroups(&head, &body)
	b.encodeBlocks(&head)
	b.encodeWebhooks(&head, &body)
	b.encodeKeys(&head, &body)
	minutes := b.encodeMinutes()
	head.part(minutes)

	file := append(make([]byte, 0, preludeLen+len(head)+len(body)+len(minutes)), magic...)
	file = binary.LittleEndian.AppendUint32(file, uint32(len(head)))
	file = binary.LittleEndian.AppendUint32(file, crc32.Checksum(head, castagnoli))
	return append(append(append(file, head...), body...), minutes...)
}

// encodeGroups encodes the offsets of each group's lines, as deltas.
func (b *Builder) encodeGroups(head, body *encoder) {
	type posting struct {
		count uint64
		last  uint32
		bytes encoder
	}
	postings := make([]posting, len(b.groups.list))
	for _, l := range b.listed {
		p := &postings[l.group]
		if p.count > 0 && p.last == l.offset {
			continue // for another webhook
		}
		p.bytes.uint(uint64(l.offset - p.last))
		p.last = l.offset
		p.count++
	}
	head.uint(uint64(len(postings)))
	for i, g := range b.groups.list {
		p := &postings[i]
		head.string(g.Type)
		head.string(g.Status)
		apart := uint64(0)
		if g.Apart {
			apart = 1
		}
		head.uint(uint64(g.Code), apart, p.count)
		head.part(p.bytes)
		*body = append(*body, p.bytes...)
	}
}

func (b *Builder) encodeBlocks(head *encoder) {
	head.uint(uint64(len(b.blocks)))
	var before block
	for _, x := range b.blocks {
		head.uint(uint64(x.offset - before.offset))
		head.int(x.min-before.min, x.max-x.min)
		before = x
	}
}

// encodeWebhooks encodes the lines of each webhook, as runs: the name, the length, and of
// each line the group, and offset and seq as deltas. A long run goes on in the next page
// as another one.
func (b *Builder) encodeWebhooks(head, body *encoder) {
	ranks := make([]int, len(b.webhooks.list))
	for rank, i := range b.byName() {
		ranks[i] = rank
	}
	lines := slices.Clone(b.listed)
	slices.SortStableFunc(lines, func(x, y listed) int { return cmp.Compare(ranks[x.webhook], ranks[y.webhook]) })
	var pages, page, run encoder
	count := uint64(0)
	first := "" // of the page
	endRun := func(name string) {
		if len(run) == 0 {
			return
		}
		if len(page) == 0 {
			first = name
		}
		page.string(name)
		page.uint(uint64(len(run)))
		page = append(page, run...)
		run = run[:0]
	}
	endPage := func() {
		pages.string(first)
		pages.part(page)
		count++
		*body = append(*body, page...)
		page = page[:0]
	}
	var before listed
	for i, l := range lines {
		name := b.webhooks.list[l.webhook]
		if i > 0 && l.webhook != before.webhook {
			endRun(b.webhooks.list[before.webhook])
		}
		if len(page)+len(run) >= pageBytes {
			endRun(name)
			endPage()
		}
		if len(run) == 0 {
			before = listed{}
		}
		run.uint(uint64(l.group), uint64(l.offset-before.offset))
		run.int(int64(l.seq - before.seq))
		before = l
	}
	if len(lines) > 0 {
		endRun(b.webhooks.list[before.webhook])
		endPage()
	}
	head.uint(count)
	*head = append(*head, pages...)
}

// byName returns the numbers of the webhooks in the order of their names.
func (b *Builder) byName() []int {
	order := make([]int, len(b.webhooks.list))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(x, y int) int { return cmp.Compare(b.webhooks.list[x], b.webhooks.list[y]) })
	return order
}

func (b *Builder) encodeKeys(head, body *encoder) {
	keys := slices.SortedFunc(slices.Values(b.keys), func(x, y key) int {
		return cmp.Or(cmp.Compare(x.hash, y.hash), cmp.Compare(x.offset, y.offset))
	})
	head.uint(uint64(len(keys)))
	for page := range slices.Chunk(keys, pageKeys) {
		from := len(*body)
		for _, k := range page {
			*body = binary.LittleEndian.AppendUint32(*body, k.hash)
			*body = binary.LittleEndian.AppendUint32(*body, k.offset)
		}
		*head = binary.LittleEndian.AppendUint32(*head, page[0].hash)
		*head = binary.LittleEndian.AppendUint32(*head, crc32.Checksum((*body)[from:], castagnoli))
	}
}

func (b *Builder) encodeMinutes() encoder {
	var e encoder
	before := int64(0)
	for _, k := range b.sorted() {
		t := b.minute[k]
		e.int(k.at - before)
		e.string(k.webhook)
		e.uint(t.Counts[:]...)
		e.uint(uint64(len(t.Took)))
		last := uint16(0)
		for _, c := range t.Took {
			e.uint(uint64(c.bucket-last), c.n)
			last = c.bucket
		}
		before = k.at
	}
	return e
}
