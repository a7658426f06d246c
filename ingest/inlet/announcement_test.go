package inlet

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// announcement is that of a writer of one field.
func announcement() uadp.Announcement {
	return uadp.Announcement{
		Type: uadp.AnnounceDataSetMetaData, SequenceNumber: 7, WriterID: 62,
		MetaData: &model.DataSetMetaDataType{
			DataTypeSchema: model.DataTypeSchema{Namespaces: []string{"urn:acme"}},
			Name:           "oven",
			Fields: []model.FieldMetaDataType{{
				Name: "Temperature", BuiltInType: model.TypeDouble, DataType: model.NumericID(1, 3001), ValueRank: -1,
				Properties: []model.KeyValuePair{{Key: model.QualifiedName{Name: "EngineeringUnits"}, Value: model.StringValue("°C")}},
			}},
			Version: model.ConfigurationVersion{Major: 1, Minor: 2},
		},
	}
}

var publisher2234 = uadp.Header{Content: uadp.ContentPublisherID, PublisherID: uadp.UInt16PublisherID(2234)}

func announced(t testing.TB) []byte {
	t.Helper()
	a := announcement()
	b, err := uadp.AppendAnnouncement(nil, &publisher2234, &a)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAnnouncement(t *testing.T) {
	want := []*model.DataSetMetaData{{
		Gateway: "udp:2234", Writer: "62", Server: "2234", Version: model.ConfigurationVersion{Major: 1, Minor: 2},
		Fields: []model.FieldMetaData{{
			Name: "Temperature", BuiltInType: model.TypeDouble, ValueRank: -1, Unit: "°C",
			DataType: model.ExpandedNodeID{NodeID: model.NumericID(0, 3001), NamespaceURI: "urn:acme"},
		}},
	}}
	f := func(name string, payloads ...[]byte) {
		t.Helper()
		in, s := newInlet(t, Config{})
		for i, payload := range payloads {
			if i > 0 && len(s.sets) != 0 {
				t.Errorf("%s: metadata before the last chunk", name)
			}
			if err := take(t, in, Message{Way: "udp", Source: "10.0.0.1:4840", Payload: payload}); err != nil {
				t.Errorf("%s: %v", name, err)
				return
			}
		}
		if diff := cmp.Diff(want, s.sets, compareModel); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if len(s.frames) != 0 {
			t.Errorf("%s: %d frames, want none", name, len(s.frames))
		}
	}
	standard := announced(t)
	f("as the standard wants it", standard)
	// Behind 3 bytes of flags and 2 of the publisher's id are the 6 of a security header that says nothing.
	without := append(append([]byte(nil), standard[:5]...), standard[11:]...)
	f("with the flag and without the header", without)
	plain := append([]byte(nil), without...)
	plain[1] &^= 0x10
	f("without both", plain)
	a := announcement()
	body, err := uadp.AppendAnnouncementBody(nil, &a)
	if err != nil {
		t.Fatal(err)
	}
	var chunks [][]byte
	for at := 0; at < len(body); at += 40 {
		c := uadp.Chunk{Of: uadp.KindAnnouncement, SequenceNumber: 7, Offset: uint32(at), TotalSize: uint32(len(body)), Data: body[at:min(at+40, len(body))]}
		b, err := uadp.AppendChunk(nil, &publisher2234, &c)
		if err != nil {
			t.Fatal(err)
		}
		chunks = append(chunks, b)
	}
	f("in chunks", chunks...)
}

func TestAnnouncementRefused(t *testing.T) {
	in, s := newInlet(t, Config{})
	whole := announced(t)
	if err := take(t, in, Message{Way: "udp", Payload: whole[:len(whole)-6]}); !errors.Is(err, ErrRefused) || len(s.dead) != 1 {
		t.Errorf("cut off: %v, %d dead letters", err, len(s.dead))
	}
	a := announcement()
	a.Status = model.StatusCode(0x803E0000) // BadNotFound
	b, err := uadp.AppendAnnouncement(nil, &publisher2234, &a)
	if err != nil {
		t.Fatal(err)
	}
	if err := take(t, in, Message{Way: "udp", Payload: b}); err != nil || len(s.sets) != 0 || in.Statistics().Other != 1 {
		t.Errorf("of a writer that does not exist: %v, %d sets", err, len(s.sets))
	}
}
