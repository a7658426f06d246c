//go:build unix

package opcuatest

import (
	"io"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// process is a running command in a process group of its own.
type process struct {
	cmd    *exec.Cmd
	stdin  io.Writer
	exited chan struct{} // closed when it has ended and all of its output is written
	err    error         // of Wait, valid once exited is closed
}

func startProcess(cmd *exec.Cmd, stdout, stderr io.Writer) (*process, error) {
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.SysProcAttr = attributes()
	cmd.WaitDelay = time.Second
	stdin, err := cmd.StdinPipe() // closed by Wait
	if err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, stdin: stdin, exited: make(chan struct{})}
	started := make(chan error)
	go func() {
		// Linux sends the death signal when the thread that started the process ends, not the test: keep that thread.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.exited)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

func (p *process) running() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// end sends the signal to the process group and waits for the end; after the timeout it kills. It reports whether the signal was enough.
func (p *process) end(signal syscall.Signal, timeout time.Duration) bool {
	if !p.running() {
		return true
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, signal) // fails only when the process has ended meanwhile
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-p.exited:
		return true
	case <-timer.C:
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.exited
	return false
}
