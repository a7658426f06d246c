package opcuatest

import "syscall"

// attributes put a process in its own group, and have the kernel kill it when the test binary dies without cleaning up, as by a test timeout.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
