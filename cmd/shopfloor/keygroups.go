package main

import (
	"encoding/hex"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/cmd/daemon"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// KeyGroupConfig is a security group of secured UADP frames (Part 14, 8.2).
type KeyGroupConfig struct {
	// ID is the SecurityGroupId.
	ID string `yaml:"id"`
	// Publishers are the ways and ids of its publishers, "mqtt:2234" or "udp:2234". Their frames must be secured.
	Publishers []string `yaml:"publishers"`
	// Policy is PubSub-Aes128-CTR or PubSub-Aes256-CTR, Mode Sign or SignAndEncrypt: the least that is taken.
	Policy string `yaml:"policy"`
	Mode   string `yaml:"mode"`
	// KeyFile has the keys; it is read again when it changes:
	//   firstTokenId: 1
	//   timeToNextKey: 1h
	//   keyLifetime: 1h
	//   keys: [<hexadecimal>, …]
	KeyFile string `yaml:"keyFile"`
}

func (c *KeyGroupConfig) group() (*uadp.KeyGroup, error) {
	policies := map[string]uadp.SecurityPolicy{"PubSub-Aes128-CTR": uadp.PubSubAes128CTR, "PubSub-Aes256-CTR": uadp.PubSubAes256CTR}
	modes := map[string]uadp.SecurityMode{"Sign": uadp.SecuritySign, "SignAndEncrypt": uadp.SecuritySignAndEncrypt}
	policy, mode := policies[c.Policy], modes[c.Mode]
	switch {
	case c.ID == "":
		return nil, fmt.Errorf("id is empty; name the group")
	case len(c.Publishers) == 0:
		return nil, fmt.Errorf("publishers is empty; name those of group %s, for example udp:2234", c.ID)
	case policy == 0:
		return nil, fmt.Errorf("policy %q is unknown; use PubSub-Aes128-CTR or PubSub-Aes256-CTR", c.Policy)
	case mode == 0:
		return nil, fmt.Errorf("mode %q is unknown; use Sign or SignAndEncrypt", c.Mode)
	case c.KeyFile == "":
		return nil, fmt.Errorf("keyFile is empty; name the file with the keys of group %s", c.ID)
	}
	return uadp.NewKeyGroup(c.ID, policy, mode, nil)
}

// keyFile is what a key file holds.
type keyFile struct {
	FirstTokenID  uint32          `yaml:"firstTokenId"`
	TimeToNextKey daemon.Duration `yaml:"timeToNextKey"`
	KeyLifetime   daemon.Duration `yaml:"keyLifetime"`
	Keys          []string        `yaml:"keys"`
}

// keyGroups has the keys of publishers. It is for several goroutines.
type keyGroups struct {
	log         zerolog.Logger
	byPublisher map[string]*keyGroup
	groups      []*keyGroup
}

type keyGroup struct {
	file  string
	group *uadp.KeyGroup

	mu      sync.Mutex
	changed time.Time // of the file
	looked  time.Time
}

// keyFileInterval is the time between two looks at a key file.
const keyFileInterval = time.Second

func newKeyGroups(configs []KeyGroupConfig, log zerolog.Logger) (*keyGroups, error) {
	k := &keyGroups{log: log, byPublisher: map[string]*keyGroup{}}
	for i := range configs {
		c := &configs[i]
		group, err := c.group()
		if err != nil {
			return nil, fmt.Errorf("keyGroups[%d]: %w", i, err)
		}
		g := &keyGroup{file: c.KeyFile, group: group}
		if err := g.read(time.Now()); err != nil {
			return nil, fmt.Errorf("keyGroups[%d].keyFile: %w", i, err)
		}
		k.groups = append(k.groups, g)
		for _, publisher := range c.Publishers {
			if k.byPublisher[publisher] != nil {
				return nil, fmt.Errorf("keyGroups[%d].publishers: %s is in two groups; leave it in one", i, publisher)
			}
			k.byPublisher[publisher] = g
		}
	}
	return k, nil
}

// find returns the keys of a gateway's frames, nil for none.
func (k *keyGroups) find(gateway string) *uadp.KeyGroup {
	g := k.byPublisher[gateway]
	if g == nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if now := time.Now(); now.Sub(g.looked) >= keyFileInterval {
		if err := g.read(now); err != nil {
			// The keys that are known stay in use.
			k.log.Error().Err(err).Str("group", g.group.ID()).Msg("keys cannot be read")
		}
	}
	return g.group
}

// read takes the keys of the file if it changed.
func (g *keyGroup) read(now time.Time) error {
	g.looked = now
	info, err := os.Stat(g.file)
	if err != nil {
		return err
	}
	if info.ModTime().Equal(g.changed) {
		return nil
	}
	b, err := os.ReadFile(g.file)
	if err != nil {
		return err
	}
	var f keyFile
	if err := yaml.UnmarshalWithOptions(b, &f, yaml.Strict()); err != nil {
		return fmt.Errorf("%s is no key file; it has firstTokenId, timeToNextKey, keyLifetime and keys", g.file) // the error would show a part of it
	}
	keys := uadp.SecurityKeys{FirstTokenID: f.FirstTokenID, TimeToNextKey: time.Duration(f.TimeToNextKey), KeyLifetime: time.Duration(f.KeyLifetime)}
	for i, text := range f.Keys {
		key, err := hex.DecodeString(text)
		if err != nil {
			return fmt.Errorf("%s: keys[%d] is not hexadecimal", g.file, i)
		}
		keys.Keys = append(keys.Keys, key)
	}
	if err := g.group.Update(keys); err != nil {
		return fmt.Errorf("%s: %w", g.file, err)
	}
	g.changed = info.ModTime()
	return nil
}
