package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// becomeOwner makes root continue as the user who owns the state folder, so
// that what a command writes there can be read by the agent. For everybody
// else, and for a folder that is root's or not there yet, it does nothing.
func becomeOwner(state string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	var s syscall.Stat_t
	err := syscall.Stat(state, &s)
	if errors.Is(err, fs.ErrNotExist) || err == nil && s.Uid == 0 {
		return nil
	}
	if err == nil {
		err = syscall.Setgroups(nil)
	}
	if err == nil {
		err = syscall.Setgid(int(s.Gid))
	}
	if err == nil {
		err = syscall.Setuid(int(s.Uid))
	}
	if err != nil {
		return fmt.Errorf("become the owner of %s: %w: run this as that user", state, err)
	}
	return nil
}
