package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// sealer encrypts the passwords of servers before they are stored, with AES-256-GCM and a key in a file of its own: whoever
// has a copy of the buckets alone cannot read them.
type sealer struct{ aead cipher.AEAD }

// openSealer reads the key from file, or makes it when there is none.
func openSealer(file string) (*sealer, error) {
	key, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		key, err = newKey(file)
	}
	if err != nil {
		return nil, fmt.Errorf("secret key: %w", err)
	}
	if len(key) != 32 {
		return nil, fmt.Errorf("secret key: %s has %d bytes, want 32: restore it from a backup, or delete it and enter all server passwords again", file, len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("secret key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("secret key: %w", err)
	}
	return &sealer{aead}, nil
}

// newKey writes a new key so that a crash leaves either none or all of it.
func newKey(file string) ([]byte, error) {
	key := make([]byte, 32)
	rand.Read(key) // never fails
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".key-*") // mode 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	if _, err = f.Write(key); err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return key, os.Rename(f.Name(), file)
}

// Seal encrypts plain.
func (s *sealer) Seal(plain []byte) ([]byte, error) {
	nonce := make([]byte, s.aead.NonceSize(), s.aead.NonceSize()+len(plain)+s.aead.Overhead())
	rand.Read(nonce)
	return s.aead.Seal(nonce, nonce, plain, nil), nil
}

// Open decrypts what Seal made. Empty stays empty.
func (s *sealer) Open(sealed []byte) ([]byte, error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	if len(sealed) < s.aead.NonceSize() {
		return nil, errors.New("sealed secret is too short")
	}
	plain, err := s.aead.Open(nil, sealed[:s.aead.NonceSize()], sealed[s.aead.NonceSize():], nil)
	if err != nil {
		return nil, errors.New("secret was sealed with another key: enter the password again")
	}
	return plain, nil
}
