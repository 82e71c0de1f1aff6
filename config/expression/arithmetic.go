package expression

import (
	"math"
	"math/bits"
	"time"
)

// calculate does what an operator says with two values; what names the part of
// the expression in a failure.
func (r *run) calculate(what any, operator string, a, b any) any {
	if x, ok := a.(int); ok {
		if y, ok := b.(int); ok {
			if v, ok := whole(operator, x, y); ok {
				return v
			}
		}
	}
	if operator == "%" {
		if b == 0 {
			fail("%s: divides by 0", name(what))
		}
		fail("%s: %s and %s are not two integers", name(what), kind(a), kind(b))
	}
	x, ok := toFloat(a)
	y, fine := toFloat(b)
	if ok && fine {
		switch operator {
		case "+":
			return x + y
		case "-":
			return x - y
		case "*":
			return x * y
		case "/":
			return x / y
		}
		return math.Pow(x, y)
	}
	if v := r.other(operator, a, b); v != nil {
		return v
	}
	fail("%s: %s and %s do not go together", name(what), kind(a), kind(b))
	return nil
}

// whole calculates with integers; false if the result is none within int64.
func whole(operator string, x, y int) (int, bool) {
	switch operator {
	case "+":
		sum := x + y
		return sum, (sum > x) == (y > 0)
	case "-":
		difference := x - y
		return difference, (difference < x) == (y > 0)
	case "*":
		high, low := bits.Mul64(magnitude(x), magnitude(y))
		return x * y, high == 0 && low <= math.MaxInt64
	case "%":
		if y != 0 {
			return x % y, true
		}
	}
	return 0, false
}

func magnitude(x int) uint64 {
	if x < 0 {
		return -uint64(x)
	}
	return uint64(x)
}

// other calculates with what are not numbers; nil if that means nothing.
func (r *run) other(operator string, a, b any) any {
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok && operator == "+" {
			r.make(len(x) + len(y))
			return x + y
		}
	case time.Time:
		switch y := b.(type) {
		case time.Duration:
			if operator == "+" {
				return x.Add(y)
			} else if operator == "-" {
				return x.Add(-y)
			}
		case time.Time:
			if operator == "-" {
				return x.Sub(y)
			}
		}
	case time.Duration:
		switch y := b.(type) {
		case time.Time:
			if operator == "+" {
				return y.Add(x)
			}
		case time.Duration:
			if operator == "+" {
				return x + y
			} else if operator == "-" {
				return x - y
			}
		case int:
			if operator == "*" {
				return x * time.Duration(y)
			}
		}
	case int:
		if y, ok := b.(time.Duration); ok && operator == "*" {
			return time.Duration(x) * y
		}
	}
	return nil
}
