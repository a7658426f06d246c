package gateway

import (
	"path/filepath"
	"testing"
	"time"
)

// The time that was noted survives that the record is replaced: values that came since may not be stored.
func TestFolder(t *testing.T) {
	f, err := OpenFolder(filepath.Join(t.TempDir(), "subscriptions"))
	if err != nil {
		t.Fatal(err)
	}
	if body, alive, err := f.Load("../x"); body != nil || !alive.IsZero() || err != nil {
		t.Errorf("before anything: %q, %v, %v", body, alive, err)
	}
	noted := time.Date(2026, 11, 26, 3, 0, 0, 0, time.UTC)
	for _, step := range []error{
		f.Note("../x", noted), f.Forget("../x"), f.Save("../x", []byte("1")), f.Note("../x", noted), f.Save("../x", []byte("2")),
	} {
		if step != nil {
			t.Fatal(step)
		}
	}
	if body, alive, err := f.Load("../x"); string(body) != "2" || !alive.Equal(noted) || err != nil {
		t.Errorf("%q, %v, %v", body, alive, err)
	}
	if files, _ := filepath.Glob(filepath.Join(f.dir, "*")); len(files) != 1 {
		t.Errorf("files %v", files)
	}
	if err := f.Forget("../x"); err != nil {
		t.Fatal(err)
	}
	if body, _, err := f.Load("../x"); body != nil || err != nil {
		t.Errorf("forgotten: %q, %v", body, err)
	}
}

func TestConnectionConfig(t *testing.T) {
	c := DefaultConnections()
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	for _, change := range []func(*ConnectionConfig){
		func(c *ConnectionConfig) { c.SubscriptionLifetime = 0 },
		func(c *ConnectionConfig) { c.MaxSessions = 0 },
		func(c *ConnectionConfig) { c.MaxSessions = 101 },
	} {
		c := DefaultConnections()
		change(&c)
		if err := c.Validate(); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
}
