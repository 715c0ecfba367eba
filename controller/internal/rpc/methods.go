package rpc

import (
	"context"

	"offing/controller/internal/account"
	"offing/tunnel/command"
)

// method answers one request.
type method func(ctx context.Context, who asker, c *call) ([]byte, *problem)

// method returns what does the method of that name, in snake case.
func (e *Endpoint) method(name string) (method, bool) {
	switch name {
	case "torrent_get":
		return e.torrentGet, true
	case "session_get":
		return e.sessionGet, true
	case "session_stats":
		return e.sessionStats, true
	case "free_space":
		return e.freeSpace, true
	case "group_get":
		return groupGet, true
	case "session_close":
		return refusing("the daemon on the box is not closed from here"), true
	case "group_set":
		return refusing("there are no bandwidth groups here"), true
	}
	if do, ok := e.deed(name); ok {
		return may(account.ScopeControl, do), true
	}
	if do, ok := e.adminDeed(name); ok {
		return may(account.ScopeAdmin, do), true
	}
	return nil, false
}

// deed returns the methods that change torrents.
func (e *Endpoint) deed(name string) (method, bool) {
	switch name {
	case "torrent_add":
		return e.torrentAdd, true
	case "torrent_set":
		return e.torrentSet, true
	case "torrent_remove":
		return e.torrentRemove, true
	case "torrent_set_location":
		return e.torrentSetLocation, true
	case "torrent_rename_path":
		return e.torrentRenamePath, true
	case "torrent_start":
		return e.simple(command.Start), true
	case "torrent_start_now":
		return e.simple(command.StartNow), true
	case "torrent_stop":
		return e.simple(command.Stop), true
	case "torrent_verify":
		return e.simple(command.Verify), true
	case "torrent_reannounce":
		return e.simple(command.Reannounce), true
	case "queue_move_top":
		return e.simple(command.QueueTop), true
	case "queue_move_up":
		return e.simple(command.QueueUp), true
	case "queue_move_down":
		return e.simple(command.QueueDown), true
	case "queue_move_bottom":
		return e.simple(command.QueueEnd), true
	}
	return nil, false
}

// adminDeed returns the methods that are for administrators.
func (e *Endpoint) adminDeed(name string) (method, bool) {
	switch name {
	case "session_set":
		return e.sessionSet, true
	case "port_test":
		return e.portTest, true
	case "blocklist_update":
		return e.blocklistUpdate, true
	}
	return nil, false
}

// may lets only those do it whose token has the scope. What is for administrators,
// control asks again.
func may(scope account.Scope, do method) method {
	return func(ctx context.Context, who asker, c *call) ([]byte, *problem) {
		if scope == account.ScopeAdmin && !who.admin() {
			return nil, &problem{codeSystem, "only an administrator may do this"}
		}
		if !who.May(scope) {
			return nil, &problem{codeSystem, "this API token may not do this: make one with a wider scope"}
		}
		return do(ctx, who, c)
	}
}

func refusing(text string) method {
	return func(context.Context, asker, *call) ([]byte, *problem) { return nil, &problem{codeSystem, text} }
}

func groupGet(context.Context, asker, *call) ([]byte, *problem) { return []byte(`{"group":[]}`), nil }
