package opcua

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestPublish(t *testing.T) {
	s := opcuatest.Start(t, opcuatest.Options{Vars: 1000})
	r := &recorder{}
	source := run(t, config(s.Endpoint(), r), dataSetWriter("w", 100*time.Millisecond, counters(1000)...))
	eventually(t, 20*time.Second, func() bool { return r.least() >= 20 },
		func() string {
			return fmt.Sprintf("20 values of each: %d, %+v %+v", r.least(), source.Status(), source.Writers())
		})
	if missing, twice := r.audit(t); missing != 0 || twice != 0 {
		t.Errorf("%d steps are missing, %d values came twice", missing, twice)
	}
	o, _ := r.last()
	want := model.FieldMetaData{
		Name: "V0", BuiltInType: model.TypeDouble, DataType: model.Expanded(model.NumericID(0, 11)), ValueRank: -1, Node: plant("V0"), Path: "Objects/Plant/Fast/V0",
	}
	if diff := cmp.Diff(want, o.fields[0], cmp.Comparer(func(a, b model.ExpandedNodeID) bool { return a == b })); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	st := source.Status()
	if st.MonitoredItems != 1000 || st.BadItems != 0 || st.LostNotifications != 0 || st.Reconnects != 0 {
		t.Errorf("status is %+v", st)
	}
}
