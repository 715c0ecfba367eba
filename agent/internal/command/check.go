package executor

import (
	"errors"
	"slices"

	"offing/tunnel/command"
)

// check lets through what is in the vocabulary, and nothing else. The controller has
// looked already; the box looks once more, for it need not trust the controller with
// more than the list.
func check(c *command.Command) *command.Fault {
	fault := new(command.Fault)
	if err := c.Check(); errors.As(err, &fault) {
		return fault
	} else if err != nil || !slices.Contains(kinds, c.Kind) {
		return &command.Fault{Code: command.BadCommand, Text: "there is no such command: the agent may be older than the controller"}
	}
	if c.Kind == command.Add {
		_, fault := readAddition(c.Add)
		return fault
	}
	return nil
}

// kinds are the list. A word that is new to the vocabulary is not done before it is
// here too.
var kinds = []command.Kind{
	command.Start, command.StartNow, command.Stop, command.Verify, command.Reannounce, command.Remove, command.Move,
	command.Rename, command.Change, command.QueueTop, command.QueueUp, command.QueueDown, command.QueueEnd,
	command.Add, command.Configure, command.FreeSpace, command.TestPort, command.Blocklist,
}
