package discovery

import (
	"math/bits"
	"math/rand/v2"
)

// shuffle goes through the numbers below n, each once, far apart one after the other, and without memory: two probes in a row seldom meet
// the same address.
type shuffle struct{ n, start, step uint64 }

func newShuffle(n uint64) shuffle {
	s := shuffle{n: n, step: 1}
	if n < 3 {
		return s
	}
	s.start = rand.Uint64N(n)
	for s.step = n/4 + rand.Uint64N(n/2+1); gcd(s.step, n) != 1; s.step++ {
	}
	return s
}

// at returns the number in place i, which is below n.
func (s shuffle) at(i uint64) uint64 {
	high, low := bits.Mul64(i, s.step)
	low, carry := bits.Add64(low, s.start, 0)
	return bits.Rem64(high+carry, low, s.n)
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
