package uajson

import "strconv"

// NumericMembers calls yield for the numbers in the JSON of a structure, in the order of the text and no more than limit of them, with
// the path that leads to each: "Motor.Speed[2]". true and false count as 1 and 0. Strings are no numbers, not even 64-bit integers that are
// written as such. Members whose path is longer than 1,024 bytes are left out. The result is false if jsonBody is no JSON.
func NumericMembers(jsonBody []byte, limit int, yield func(path string, v float64)) bool {
	var s scanner
	if !s.scan(jsonBody) {
		return false
	}
	w := numericWalker{reader: reader{scan: s}, left: limit, yield: yield}
	w.walk(0)
	return true
}

// maxNumericPath bounds what each number costs, whatever the names of members are.
const maxNumericPath = 1024

// numericWalker goes through an index.
type numericWalker struct {
	reader
	path  []byte
	left  int
	yield func(string, float64)
}

func (w *numericWalker) walk(i uint32) {
	if w.left <= 0 || len(w.path) > maxNumericPath {
		return
	}
	var v float64
	switch w.kind(i) {
	case kindTrue:
		v = 1
	case kindFalse:
	case kindInteger, kindNumber:
		v, _ = parseFloat(w.raw(i))
	case kindArray, kindObject:
		w.inside(i)
		return
	default:
		return
	}
	w.left--
	w.yield(string(w.path), v)
}

func (w *numericWalker) inside(i uint32) {
	length, index := len(w.path), int64(0)
	for j, end := i+1, w.next(i); j < end && w.left > 0; j = w.next(j) {
		if w.path = w.path[:length]; w.kind(i) == kindArray {
			w.path = append(strconv.AppendInt(append(w.path, '['), index, 10), ']')
			index++
		} else {
			if length > 0 {
				w.path = append(w.path, '.')
			}
			w.path = append(w.path, w.text(j)...)
			j++
		}
		w.walk(j)
	}
	w.path = w.path[:length]
}
