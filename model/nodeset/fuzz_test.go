package nodeset

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

// FuzzParse looks for panics and for memory that a small file can claim.
func FuzzParse(f *testing.F) {
	f.Add([]byte(values))
	plant, err := os.ReadFile("../../edge/opcua/opcuatest/peer/plant-types.NodeSet2.xml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plant)
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := Parse(text)
		if err != nil {
			return
		}
		for _, n := range d.Nodes {
			if n.NodeID.IsNull() {
				t.Errorf("a node without an id")
			}
			n.Value.AppendJSON(nil)
		}
	})
}

// FuzzScanner compares the scanner with encoding/xml: what the scanner takes, that takes and reads in the same way.
func FuzzScanner(f *testing.F) {
	for _, s := range []string{values, "<a b='1&amp;2' c = \"&#10;\"><!-- x --><d/>t&lt;\r\n<![CDATA[<&]]></a>", "<x:a><?pi?></x:a>", "<a>]]&gt;</a>"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := scanEvents(text)
		if err != nil {
			return
		}
		want, err := xmlEvents(text)
		if err != nil {
			return // encoding/xml looks closer at characters and at processing instructions
		}
		if got != want {
			t.Errorf("scanner reads\n%s\nencoding/xml reads\n%s", got, want)
		}
	})
}

func scanEvents(text []byte) (string, error) {
	var out strings.Builder
	s := &scanner{src: text}
	for {
		kind, err := s.next()
		if err != nil {
			return "", err
		}
		switch kind {
		case tokenEOF:
			return out.String(), nil
		case tokenStart:
			out.WriteString("\n<" + string(s.name))
			for _, a := range s.attributes {
				value, err := s.unescape(nil, a.value)
				if err != nil {
					return "", err
				}
				out.WriteString(" " + string(a.name) + "=" + string(value))
			}
			out.WriteString(">")
		case tokenEnd:
			out.WriteString("</" + string(s.name) + ">")
		case tokenText:
			content := s.text
			if s.literal {
				content = bytes.ReplaceAll(bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
			} else if content, err = s.unescape(nil, content); err != nil {
				return "", err
			}
			out.Write(content)
		}
	}
}

func xmlEvents(text []byte) (string, error) {
	var out strings.Builder
	d := xml.NewDecoder(bytes.NewReader(text))
	depth := 0
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return out.String(), nil
		}
		if err != nil {
			return "", err
		}
		switch token := token.(type) {
		case xml.StartElement:
			depth++
			out.WriteString("\n<" + token.Name.Local)
			for _, a := range token.Attr {
				out.WriteString(" " + a.Name.Local + "=" + a.Value)
			}
			out.WriteString(">")
		case xml.EndElement:
			depth--
			out.WriteString("</" + token.Name.Local + ">")
		case xml.CharData:
			if depth > 0 {
				out.Write(token)
			}
		}
	}
}
