//go:build unix && !linux

package opcuatest

import "syscall"

// attributes put a process in its own group. Without Linux's death signal it outlives a test binary that dies without cleaning up.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
