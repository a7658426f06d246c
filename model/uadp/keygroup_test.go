package uadp

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"
)

// clock is a time that tests set.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

const minute = time.Minute

// keysFrom are n keys from a token on; the key of a token is always the same.
func keysFrom(token uint32, n int, next time.Duration) SecurityKeys {
	k := SecurityKeys{FirstTokenID: token, TimeToNextKey: next, KeyLifetime: 10 * minute}
	for i := range n {
		k.Keys = append(k.Keys, testKey(PubSubAes128CTR, byte(token)+byte(i)))
	}
	return k
}

func newClockedGroup(t *testing.T) (*KeyGroup, *clock) {
	t.Helper()
	c := &clock{time.Unix(1e9, 0)}
	g, err := NewKeyGroup("press-line", PubSubAes128CTR, SecuritySignAndEncrypt, c.now)
	if err != nil {
		t.Fatal(err)
	}
	return g, c
}

// seal returns a sealed frame and the token and sequence number in it.
func seal(t *testing.T, g *KeyGroup) (frame []byte, token, sequence uint32) {
	t.Helper()
	frame, err := g.Seal(nil, goldenFrames(t)["keepalive"])
	if err != nil {
		t.Fatal(err)
	}
	at := len("d111ba08014df403") / 2
	return frame, binary.LittleEndian.Uint32(frame[at:]), binary.LittleEndian.Uint32(frame[at+4+1+4:])
}

func opens(g *KeyGroup, frame []byte) error {
	var d Decoder
	d.SetKeys(always(g))
	return d.Decode(frame)
}

// TestKeysRotate: the current key changes in time, sequence numbers begin anew with each, and past and future keys open messages.
func TestKeysRotate(t *testing.T) {
	g, c := newClockedGroup(t)
	if err := g.Update(keysFrom(5, 6, 3*minute)); err != nil {
		t.Fatal(err)
	}
	early, _ := newClockedGroup(t) // a publisher whose clock is ahead
	if err := early.Update(keysFrom(7, 1, 0)); err != nil {
		t.Fatal(err)
	}
	early.lifetime = 0
	var frames [][]byte
	f := func(after time.Duration, wantToken, wantSequence uint32, wantNext time.Duration) {
		t.Helper()
		c.at = c.at.Add(after)
		frame, token, sequence := seal(t, g)
		if current, next := g.Current(); token != wantToken || current != token || sequence != wantSequence || next != wantNext {
			t.Errorf("token %d (%d), sequence number %d, next in %v; want %d, %d, %v", token, current, sequence, next, wantToken, wantSequence, wantNext)
		}
		frames = append(frames, frame)
	}
	f(0, 5, 1, 3*minute)
	f(minute, 5, 2, 2*minute)
	future, _, _ := seal(t, early)
	if err := opens(g, future); err != nil {
		t.Errorf("a future key does not open: %v", err)
	}
	f(2*minute, 6, 1, 10*minute)
	f(9*minute, 6, 2, minute)
	f(11*minute, 8, 1, 10*minute)
	for i, frame := range frames {
		err := opens(g, frame)
		if want := i < 2; want != errors.Is(err, ErrUnknownToken) || !want && err != nil {
			t.Errorf("frame %d: error %v", i, err)
		}
	}
	f(20*minute, 10, 1, 10*minute)
	c.at = c.at.Add(10 * minute)
	if _, err := g.Seal(nil, goldenFrames(t)["keepalive"]); !errors.Is(err, ErrNoKey) {
		t.Errorf("expired: error %v; want %v", err, ErrNoKey)
	}
	if token, next := g.Current(); token != 10 || next != 0 {
		t.Errorf("token %d, next in %v", token, next)
	}
}

// TestKeysAreUpdated: known keys go on, others replace all (Part 14, 9.1.3.3).
func TestKeysAreUpdated(t *testing.T) {
	g, c := newClockedGroup(t)
	update := func(k SecurityKeys) {
		t.Helper()
		if err := g.Update(k); err != nil {
			t.Fatal(err)
		}
	}
	update(keysFrom(5, 2, minute))
	first, _, _ := seal(t, g)
	update(keysFrom(5, 3, 2*minute)) // the same key
	if _, token, sequence := seal(t, g); token != 5 || sequence != 2 {
		t.Errorf("token %d, sequence number %d; want 5 and 2: a nonce must not be used again", token, sequence)
	}
	c.at = c.at.Add(minute)
	update(keysFrom(6, 3, 9*minute)) // known as a future key
	if _, token, sequence := seal(t, g); token != 6 || sequence != 1 || opens(g, first) != nil {
		t.Errorf("token %d, sequence number %d; want 6 and 1, error %v", token, sequence, opens(g, first))
	}
	update(keysFrom(100, 1, 9*minute)) // unknown
	if _, token, _ := seal(t, g); token != 100 || !errors.Is(opens(g, first), ErrUnknownToken) {
		t.Errorf("token %d, error %v; want 100 and %v", token, opens(g, first), ErrUnknownToken)
	}
	update(keysFrom(math.MaxUint32, 2, minute)) // tokens begin anew with 1
	c.at = c.at.Add(minute)
	if _, token, _ := seal(t, g); token != 1 {
		t.Errorf("token %d; want 1", token)
	}
	g.sequence = math.MaxUint32
	if _, err := g.Seal(nil, goldenFrames(t)["keepalive"]); !errors.Is(err, ErrNoKey) {
		t.Errorf("all sequence numbers used: error %v; want %v", err, ErrNoKey)
	}
}

func TestKeyGroupRefuses(t *testing.T) {
	g, _ := newClockedGroup(t)
	if _, err := g.Seal(nil, goldenFrames(t)["keepalive"]); !errors.Is(err, ErrNoKey) {
		t.Errorf("error %v; want %v", err, ErrNoKey)
	}
	for _, change := range []func(k *SecurityKeys){
		func(k *SecurityKeys) { k.FirstTokenID = 0 }, func(k *SecurityKeys) { k.Keys = nil }, func(k *SecurityKeys) { k.Keys = make([][]byte, 257) },
		func(k *SecurityKeys) { k.TimeToNextKey = -1 }, func(k *SecurityKeys) { k.KeyLifetime = -1 }, func(k *SecurityKeys) { k.Keys[1] = k.Keys[1][1:] },
	} {
		k := keysFrom(1, 2, minute)
		change(&k)
		err := g.Update(k)
		if !errors.Is(err, ErrType) && !errors.Is(err, ErrLimit) {
			t.Errorf("error %v", err)
		}
		checkNoKey(t, fmt.Sprint(err), keysFrom(1, 2, minute))
	}
	for _, err := range []error{
		second(NewKeyGroup("", 0, SecuritySign, nil)), second(NewKeyGroup("", PubSubAes128CTR, SecurityNone, nil)), second(ParseSecurityPolicy("http://opcfoundation.org/UA/SecurityPolicy#None")),
	} {
		if !errors.Is(err, ErrUnsupported) {
			t.Errorf("error %v; want %v", err, ErrUnsupported)
		}
	}
	for _, p := range []SecurityPolicy{PubSubAes128CTR, PubSubAes256CTR} {
		if got, err := ParseSecurityPolicy(p.URI()); got != p || err != nil {
			t.Errorf("%s: %v, error %v", p.URI(), got, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// checkNoKey looks for the keys in a text, in the forms that formatting gives them.
func checkNoKey(t *testing.T, text string, k SecurityKeys) {
	t.Helper()
	for _, key := range k.Keys {
		part := key[8:16]
		list := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", part), "[]byte{"), "}")
		for _, form := range []string{string(part), hex.EncodeToString(part), strings.Trim(fmt.Sprintf("%d", part), "[]"), list, base64.StdEncoding.EncodeToString(key[:30])[12:20]} {
			if strings.Contains(strings.ToLower(text), strings.ToLower(form)) {
				t.Errorf("a key is in %q", text)
			}
		}
	}
}

// TestFormattingPrintsNoKey in any way there is.
func TestFormattingPrintsNoKey(t *testing.T) {
	g, _ := newClockedGroup(t)
	k := keysFrom(5, 2, minute)
	if err := g.Update(k); err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{k, &k, g, struct{ K SecurityKeys }{k}, []SecurityKeys{k}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "%q", "%d"} {
			checkNoKey(t, fmt.Sprintf(verb, v), k)
		}
		if text, err := json.Marshal(v); err == nil {
			checkNoKey(t, string(text), k)
		}
	}
	if got, want := g.String(), `security group "press-line", PubSub-Aes128-CTR, SignAndEncrypt, token 5, next in 1m0s`; got != want || g.ID() != "press-line" {
		t.Errorf("%s; want %s", got, want)
	}
	if got, want := fmt.Sprintf("%x", k), "2 keys from token 5, next in 1m0s, then every 10m0s"; got != want {
		t.Errorf("%s; want %s", got, want)
	}
}

// TestNoNonceIsUsedTwice by goroutines that seal with one key at the same time.
func TestNoNonceIsUsedTwice(t *testing.T) {
	g, _ := newClockedGroup(t)
	if err := g.Update(keysFrom(5, 2, minute)); err != nil {
		t.Fatal(err)
	}
	const goroutines, each = 4, 200
	frame := goldenFrames(t)["keepalive"]
	at := len("d111ba08014df403")/2 + 4 + 1
	nonces := make(chan [nonceSize]byte, goroutines*each)
	var wait sync.WaitGroup
	for range goroutines {
		wait.Go(func() {
			for range each {
				sealed, err := g.Seal(nil, frame)
				if err != nil {
					t.Error(err)
					return
				}
				nonces <- [nonceSize]byte(sealed[at:])
				if err := opens(g, sealed); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	close(nonces)
	sequences := map[uint32]bool{}
	for n := range nonces {
		sequences[binary.LittleEndian.Uint32(n[4:])] = true
	}
	if len(sequences) != goroutines*each || !sequences[1] || !sequences[goroutines*each] {
		t.Errorf("%d sequence numbers for %d messages", len(sequences), goroutines*each)
	}
}
