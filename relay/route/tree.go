package route

import (
	"slices"
	"strings"
)

// tree is a trie of the words of globs. A node is named by its index in nodes. All edges
// are in one map: most nodes have a single edge, and a map for each would take most of
// the memory.
//
//	T1  Every node but a root has one parent, reached by one edge.
//	T2  A node of ** stays open from the word at which it is reached until the end: it
//	    matches any words.
//	T3  A root has no parent. Globs of different roots never meet, so that a match costs
//	    only what is under its root.
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

// leaf is one glob of one rule, by their indexes.
type leaf struct{ rule, glob int32 }

func newTree() tree { return tree{edges: map[edge]int32{}} }

// root adds a root. The first one is 0.
func (t *tree) root() int32 {
	t.nodes = append(t.nodes, node{})
	return int32(len(t.nodes) - 1)
}

// add adds a glob, which Check must have accepted, under a root.
func (t *tree) add(root int32, glob string, l leaf) {
	at := root
	for word := range strings.SplitSeq(glob, ".") {
		at = t.child(at, word)
	}
	t.nodes[at].leaves = append(t.nodes[at].leaves, l)
}

// child returns the node after word, and creates it if necessary.
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

// match appends the globs under a root that match typ, in no particular order.
func (t *tree) match(leaves []leaf, root int32, typ string) []leaf {
	w := walk{tree: t}
	w.now, w.next, w.open = w.room[0][:0], w.room[1][:0], w.room[2][:0]
	rest := typ
	if after, ok := strings.CutPrefix(typ, reserved+"."); ok {
		c, ok := t.edges[edge{root, reserved}]
		if !ok {
			return leaves
		}
		w.reach(c)
		rest = after
	} else {
		w.reach(root)
	}
	w.now, w.next = w.next, w.now
	for word := range strings.SplitSeq(rest, ".") {
		w.step(word)
	}
	for _, at := range w.now {
		leaves = append(leaves, t.nodes[at].leaves...)
	}
	for _, at := range w.open {
		leaves = append(leaves, t.nodes[at].leaves...)
	}
	return leaves
}

// walk follows all globs in parallel, word by word.
type walk struct {
	tree      *tree
	now, next []int32 // nodes reached by the words so far, and with the next one
	open      []int32 // nodes of ** that are reached; they stay (T2)
	room      [3][8]int32
}

// step follows one word. It reaches no node twice, because of T1 and T2, except one of **
// whose parent is reached again.
func (w *walk) step(word string) {
	w.next = w.next[:0]
	open := len(w.open) // those opened by this word match from the next one on
	for _, at := range w.now {
		w.leave(at, word)
	}
	for i := range open {
		w.leave(w.open[i], word)
	}
	w.now, w.next = w.next, w.now
}

// leave follows word to the children of at.
func (w *walk) leave(at int32, word string) {
	if c := w.tree.nodes[at].one; c != 0 {
		w.reach(c)
	}
	if c, ok := w.tree.edges[edge{at, word}]; ok {
		w.reach(c)
	}
}

// reach notes a node, and its child of **, which may match no word.
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
