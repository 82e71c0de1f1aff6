package route

import (
	"slices"
	"strings"
)

// tree is a trie over the words of globs. A node is its place in nodes; the
// edges stand in one map, since most nodes have a single one and a map for
// each would be most of the memory.
//
// T1: every node has one parent, reached by one edge.
// T2: a node that stands for ** is open from the word on at which it is
// reached until the end: it takes whatever words come.
type tree struct {
	nodes []node
	edges map[edge]int32
}

type node struct {
	loops  bool   // the last word of its glob is **
	one    int32  // the child by *, or 0
	any    int32  // the child by **, or 0
	leaves []leaf // the globs that end here
}

type edge struct {
	from int32
	word string
}

// leaf is one glob of one rule, by their places.
type leaf struct{ rule, glob int32 }

func newTree() tree {
	return tree{nodes: make([]node, 1), edges: map[edge]int32{}}
}

// add puts in a glob that Check has found good.
func (t *tree) add(glob string, l leaf) {
	at := int32(0)
	for word := range strings.SplitSeq(glob, ".") {
		at = t.child(at, word)
	}
	t.nodes[at].leaves = append(t.nodes[at].leaves, l)
}

// child returns the node behind word, made if need be.
func (t *tree) child(at int32, word string) int32 {
	fresh := int32(len(t.nodes))
	switch word {
	case oneWord:
		if c := t.nodes[at].one; c != 0 {
			return c
		}
		t.nodes[at].one = fresh
	case anyWords:
		if c := t.nodes[at].any; c != 0 {
			return c
		}
		t.nodes[at].any = fresh
	default:
		if c, ok := t.edges[edge{at, word}]; ok {
			return c
		}
		t.edges[edge{at, word}] = fresh
	}
	t.nodes = append(t.nodes, node{loops: word == anyWords})
	return fresh
}

// match returns the globs that match typ, in no order.
func (t *tree) match(typ string) []leaf {
	w := walk{tree: t}
	w.now, w.next, w.open = w.room[0][:0], w.room[1][:0], w.room[2][:0]
	rest := typ
	if after, ok := strings.CutPrefix(typ, reserved+"."); ok {
		c, ok := t.edges[edge{0, reserved}]
		if !ok {
			return nil
		}
		w.reach(c)
		rest = after
	} else {
		w.reach(0)
	}
	w.now, w.next = w.next, w.now
	for word := range strings.SplitSeq(rest, ".") {
		w.step(word)
	}
	var leaves []leaf
	for _, at := range w.now {
		leaves = append(leaves, t.nodes[at].leaves...)
	}
	for _, at := range w.open {
		leaves = append(leaves, t.nodes[at].leaves...)
	}
	return leaves
}

// walk follows all globs at once, word by word.
type walk struct {
	tree      *tree
	now, next []int32 // nodes that the words so far, and those with the next one, lead to
	open      []int32 // the same for nodes of **, which stay (T2)
	room      [3][8]int32
}

// step takes one word. Because of T1 and T2 no node is reached twice by it,
// except one of ** whose parent is reached again.
func (w *walk) step(word string) {
	w.next = w.next[:0]
	open := len(w.open) // those opened by this word take the next one first
	for _, at := range w.now {
		w.leave(at, word)
	}
	for i := range open {
		w.leave(w.open[i], word)
	}
	w.now, w.next = w.next, w.now
}

// leave goes to the children of at that word leads to.
func (w *walk) leave(at int32, word string) {
	if c := w.tree.nodes[at].one; c != 0 {
		w.reach(c)
	}
	if c, ok := w.tree.edges[edge{at, word}]; ok {
		w.reach(c)
	}
}

// reach notes a node, and the nodes of ** behind it, which take no word.
func (w *walk) reach(at int32) {
	if w.tree.nodes[at].loops {
		if slices.Contains(w.open, at) {
			return
		}
		w.open = append(w.open, at)
	} else {
		w.next = append(w.next, at)
	}
	if c := w.tree.nodes[at].any; c != 0 {
		w.reach(c)
	}
}
