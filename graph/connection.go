package graph

import (
	"encoding/base64"
	"strings"
)

// defaultPageSize and maxPageSize bound the lists that are handed out in pages.
const (
	defaultPageSize = 100
	maxPageSize     = 1000
)

// cursorVersion starts every cursor, so that a later form can be told from this one.
const cursorVersion = "1:"

// cursor makes the cursor of the item that has the key in its list. The same item always gets the same one.
func cursor(key string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(cursorVersion + key))
}

// cursorKey is the key in a cursor.
func cursorKey(c string) (string, error) {
	b, err := base64.RawURLEncoding.DecodeString(c)
	key, ok := strings.CutPrefix(string(b), cursorVersion)
	if err != nil || !ok {
		return "", fieldError("after", "%q is no cursor; take one from pageInfo or an edge", c)
	}
	return key, nil
}

// pageSize is first, or its default when nil.
func pageSize(first *int) (int, error) {
	if first == nil {
		return defaultPageSize, nil
	}
	if *first < 0 || *first > maxPageSize {
		return 0, fieldError("first", "%d is not from 0 to %d; ask for the rest in further pages, with after", *first, maxPageSize)
	}
	return *first, nil
}

// page is the part of a list that first and after select, with the cursor of each item.
type page[T any] struct {
	items   []T
	cursors []string
	info    PageInfo
}

// pageOf cuts a page out of the whole list. ordered tells that the keys ascend: then a page also goes on after an item that
// was removed meanwhile.
func pageOf[T any](list []T, key func(*T) string, ordered bool, first *int, after *string) (page[T], error) {
	limit, err := pageSize(first)
	if err != nil {
		return page[T]{}, err
	}
	from := 0
	if after != nil {
		if from, err = indexAfter(list, key, ordered, *after); err != nil {
			return page[T]{}, err
		}
	}
	return newPage(list[from:min(from+limit, len(list))], key, from > 0, from+limit < len(list)), nil
}

// newPage makes a page of items that are already cut.
func newPage[T any](items []T, key func(*T) string, previous, next bool) page[T] {
	p := page[T]{items: items, cursors: make([]string, len(items))}
	for i := range items {
		p.cursors[i] = cursor(key(&items[i]))
	}
	p.info = PageInfo{HasNextPage: next, HasPreviousPage: previous}
	if n := len(items); n > 0 {
		p.info.StartCursor, p.info.EndCursor = &p.cursors[0], &p.cursors[n-1]
	}
	return p
}

func indexAfter[T any](list []T, key func(*T) string, ordered bool, after string) (int, error) {
	k, err := cursorKey(after)
	if err != nil {
		return 0, err
	}
	next := len(list)
	for i := range list {
		switch other := key(&list[i]); {
		case other == k:
			return i + 1, nil
		case other > k && next == len(list):
			next = i
		}
	}
	if !ordered {
		return 0, fieldError("after", "%q was removed from the list meanwhile; start again without after", k)
	}
	return next, nil
}
