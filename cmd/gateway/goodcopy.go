package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// Sealer encrypts what only this gateway may read, and decrypts it.
type Sealer interface {
	Secrets
	Seal(plain []byte) ([]byte, error)
}

// goodCopy is a copy of the last published nodes file that could be read, for a start with a bad one. A file of this form has passwords in clear: the copy is
// sealed for the gateway's own key, so that a backup of the data folder without identity.json tells nobody any.
type goodCopy struct {
	path   string // "" keeps none
	sealer Sealer
}

// sealedCopy is what stands in the file: JSON, so that who opens it sees what it is.
type sealedCopy struct {
	// Sealed is the text, encrypted by Sealer.Seal.
	Sealed []byte `json:"sealedPublishedNodes"`
}

// keep replaces the copy.
func (c goodCopy) keep(text []byte) error {
	if c.path == "" {
		return nil
	}
	sealed, err := c.sealer.Seal(text)
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	b, err := json.Marshal(sealedCopy{sealed})
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	return replaceFile(c.path, b)
}

// load returns the text that keep was given; nil when there is no copy. One of a former version, in clear, is sealed at once; an error with a text says that this
// did not work.
func (c goodCopy) load() ([]byte, error) {
	if c.path == "" {
		return nil, nil
	}
	b, err := os.ReadFile(c.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var sealed sealedCopy
	if json.Unmarshal(b, &sealed) != nil || sealed.Sealed == nil { // a published nodes file is an array
		if err := c.keep(b); err != nil {
			return b, fmt.Errorf("it is in clear and cannot be sealed: %w", err)
		}
		return b, nil
	}
	text, err := c.sealer.Open(sealed.Sealed)
	if err != nil {
		return nil, fmt.Errorf("it was sealed for another key than that of identity.json and is written again with the next good file: %w", err)
	}
	return text, nil
}
