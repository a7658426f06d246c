package model

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseBrowsePath(t *testing.T) {
	f := func(text string, want ...RelativePathElement) {
		t.Helper()
		got, err := ParseBrowsePath(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			return
		}
		if diff := cmp.Diff(RelativePath(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
	name := func(index int, s string) PathName { return PathName{Name: s, Namespace: index} }
	bare := func(s string) PathName { return PathName{Name: s, Namespace: AnyNamespace} }
	uri := func(u, s string) PathName { return PathName{Name: s, NamespaceURI: u, Namespace: AnyNamespace} }
	// The examples of Part 4, Table A.2.
	f("/2:Block&.Output", RelativePathElement{Target: name(2, "Block.Output")})
	f("/3:Truck.0:NodeVersion", RelativePathElement{Target: name(3, "Truck")}, RelativePathElement{Follow: FollowAggregates, Target: name(0, "NodeVersion")})
	f("<1:ConnectedTo>1:Boiler/1:HeatSensor", RelativePathElement{Follow: FollowNamed, ReferenceType: name(1, "ConnectedTo"), Target: name(1, "Boiler")},
		RelativePathElement{Target: name(1, "HeatSensor")})
	f("<1:ConnectedTo>1:Boiler/", RelativePathElement{Follow: FollowNamed, ReferenceType: name(1, "ConnectedTo"), Target: name(1, "Boiler")},
		RelativePathElement{Target: bare("")})
	f("<0:HasChild>2:Wheel", RelativePathElement{Follow: FollowNamed, ReferenceType: name(0, "HasChild"), Target: name(2, "Wheel")})
	f("<!HasChild>Truck", RelativePathElement{Follow: FollowNamed, ReferenceType: bare("HasChild"), Inverse: true, Target: bare("Truck")})
	f("<0:HasChild>", RelativePathElement{Follow: FollowNamed, ReferenceType: name(0, "HasChild"), Target: bare("")})
	f("<#!2:Feeds>", RelativePathElement{Follow: FollowNamed, ReferenceType: name(2, "Feeds"), Inverse: true, NoSubtypes: true, Target: bare("")})
	f("<!#2:Feeds>", RelativePathElement{Follow: FollowNamed, ReferenceType: name(2, "Feeds"), Inverse: true, NoSubtypes: true, Target: bare("")})

	f("/a&/b&.c&<d&>e&:f&#g&!h&&i", RelativePathElement{Target: bare("a/b.c<d>e:f#g!h&i")})
	f("/nsu=urn:acme/x.y;Boiler.nsu=http://a%3Bb%25;Temp&:1",
		RelativePathElement{Target: uri("urn:acme/x.y", "Boiler")}, RelativePathElement{Follow: FollowAggregates, Target: uri("http://a;b%", "Temp:1")})
	f("<nsu=urn:acme;Feeds>7&:Pump", RelativePathElement{Follow: FollowNamed, ReferenceType: uri("urn:acme", "Feeds"), Target: bare("7:Pump")})
	f("/12/1a", RelativePathElement{Target: bare("12")}, RelativePathElement{Target: bare("1a")})
	f("/Größe 1/水", RelativePathElement{Target: bare("Größe 1")}, RelativePathElement{Target: bare("水")})
	f("/0:nsu=x;y", RelativePathElement{Target: name(0, "nsu=x;y")})

	// Names.
	f("Objects/2:Plant/Tank.Level", RelativePathElement{Target: bare("Objects")}, RelativePathElement{Target: name(2, "Plant")}, RelativePathElement{Target: bare("Tank.Level")})
	f("Objects/nsu=urn:acme;Plant/a&/b/c:d", RelativePathElement{Target: bare("Objects")}, RelativePathElement{Target: uri("urn:acme", "Plant")},
		RelativePathElement{Target: bare("a/b")}, RelativePathElement{Target: bare("c:d")})
	f("#1", RelativePathElement{Target: bare("#1")})
}

func TestRefusedBrowsePaths(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		if p, err := ParseBrowsePath(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v, want an error with %q", text, p, err, want)
		}
	}
	f("", "no name")
	f("&", "no name")
	f("//Plant", "at byte 1: a name is missing")
	f("/.Plant", "at byte 1: a name is missing")
	f("/Pl&ant", "at byte 3: '&' stands before none of")
	f("/Plant&", `for itself write "&&"`)
	f("/2:a:b", `at byte 4: ':' within a name is written "&:"`)
	f("/a#b", `"&#"`)
	f("/a!b", `"&!"`)
	f("/a>b", `at byte 2: '>' stands where '/', '.' or '<' does; in a name write "&>"`)
	f("/65536:a", "index 65536 is over 65535")
	f("/2:", "the name behind the namespace is missing")
	f("/nsu=x", `write "0:nsu="`)
	f("Objects/nsu=;x", `write "0:nsu="`)
	f("/nsu=urn:a;", "the name behind the namespace is missing")
	f("<", "are missing behind '<'")
	f("<#!", "are missing behind '<'")
	f("<>x", "the name of a reference type is missing")
	f("<HasChild", "the '>' behind the name of the reference type is missing")
	f("<Has/Child>x", "the '>' behind the name of the reference type is missing")
	f("<A><B>x", "a name is missing, only the last one may be")
	f("Objects/70000:x", "over 65535")
	f("Objects/2:", "no name")
	f(strings.Repeat("/a", 129), "names, at most 128")
	f(strings.Repeat("a/", 129), "names, at most 128")
	f("/"+strings.Repeat("a", 9000), "bytes: at most")
}

// What is read in either form is printed in the standard's, and read from it as the same.
func FuzzParseBrowsePath(f *testing.F) {
	for _, s := range []string{
		"/2:Block&.Output", "<#!2:Feeds>nsu=urn:a/b;x.y", "Objects/2:Plant/Tank.Level", "<0:HasChild>", "/&", "/1:1:1", "nsu=a;b/c", "nsu=/0;0", "/nsu=%3B%25;x", "0:/",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		path, err := ParseBrowsePath(text)
		if err != nil {
			return
		}
		again, err := ParseBrowsePath(path.String())
		if len(path.String()) > maxPathBytes { // escapes make a text longer
			return
		}
		if err != nil {
			t.Fatalf("%q was read as %v, which is printed as %q: %v", text, path, path.String(), err)
		}
		if diff := cmp.Diff(path, again); diff != "" {
			t.Errorf("%q is printed as %q (-want +got):\n%s", text, path.String(), diff)
		}
	})
}
