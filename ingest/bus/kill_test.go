package bus
const childDir = "BUS_TEST_CHILD_DIR"
func childMain(dir string) error { return nil }
