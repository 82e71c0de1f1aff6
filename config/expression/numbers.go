package expression

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// ofNumbers does what the functions on one or two numbers do.
func (c *call) ofNumbers() any {
	switch c.name {
	case "abs":
		if n, ok := c.args[0].(int); ok {
			if n < 0 {
				return c.calculate("abs", "-", 0, n)
			}
			return n
		}
		return math.Abs(c.float(0))
	case "ceil":
		return math.Ceil(c.float(0))
	case "floor":
		return math.Floor(c.float(0))
	case "round":
		return math.Round(c.float(0))
	case "bitnot":
		return ^c.int(0)
	}
	x, y := c.int(0), c.int(1)
	if strings.HasSuffix(c.name, "shl") || strings.HasSuffix(c.name, "shr") {
		if y < 0 {
			fail("%s: shifts by %d", c.name, y)
		}
	}
	switch c.name {
	case "bitand":
		return x & y
	case "bitor":
		return x | y
	case "bitxor":
		return x ^ y
	case "bitnand":
		return x &^ y
	case "bitshl":
		return x << y
	case "bitshr":
		return x >> y
	}
	return int(uint(x) >> y)
}

func (c *call) float(i int) float64 {
	f, ok := toFloat(c.args[i])
	if !ok {
		c.wrong(i, "a number")
	}
	return f
}

// ofMany is of the numbers given and those in lists given; nil of none.
func (c *call) ofMany() any {
	all := c.flatten(nil, c.args)
	for _, v := range all {
		if _, ok := toFloat(v); !ok {
			fail("%s: %s is not a number", c.name, kind(v))
		}
	}
	if len(all) == 0 && (c.name == "mean" || c.name == "median") {
		return 0.0
	}
	if len(all) == 0 {
		return nil
	}
	compare := func(a, b any) int {
		order, _ := c.order(a, b)
		return order
	}
	c.step(20 * len(all)) // as much as sorting them takes
	switch c.name {
	case "max":
		return slices.MaxFunc(all, compare)
	case "min":
		return slices.MinFunc(all, compare)
	}
	floats := make([]float64, len(all))
	sum := 0.0
	for i, v := range all {
		floats[i], _ = toFloat(v)
		sum += floats[i]
	}
	if c.name == "mean" {
		return sum / float64(len(floats))
	}
	slices.SortFunc(floats, cmp.Compare)
	half := len(floats) / 2
	if len(floats)%2 == 1 {
		return floats[half]
	}
	return (floats[half-1] + floats[half]) / 2
}
