package bus

import (
	"fmt"
	"testing"
)

// TestBucketListLarge lists more than one pull carries.
func TestBucketListLarge(t *testing.T) {
	_, c := newBus(t)
	ctx := testContext(t)
	b := openBucket(t, c, BucketConfiguration)
	for i := range 340 {
		if _, err := b.Put(ctx, Key{"g", "part", fmt.Sprint(i)}, make([]byte, 30<<10)); err != nil {
			t.Fatal(err)
		}
	}
	list, err := b.List(ctx, nil)
	if err != nil || len(list) != 340 {
		t.Fatalf("%d entries, %v", len(list), err)
	}
}
