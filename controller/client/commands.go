package client

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"offing/tunnel/command"
	"offing/tunnel/state"
)

// MaxWait is the longest that the controller waits for the end of a command before
// it answers. Whoever wants to wait longer asks again.
const MaxWait = 30 * time.Second

// The values of Order.State.
const (
	Waiting   = "waiting"   // for the line, or behind others
	Sent      = "sent"      // the box has it, or may have
	Done      = "done"      // see Order.Result for torrents with which it failed
	Failed    = "failed"    // with all of them
	Cancelled = "cancelled" // before the box had begun
	Expired   = "expired"   // it waited for longer than its life
)

// Order is a command to one box, and how far it has come.
type Order struct {
	ID       command.ID      `json:"id"`
	Box      string          `json:"box"`
	User     string          `json:"user"` // who asked; empty for the command line
	Do       command.Kind    `json:"do"`
	Torrents []state.Hash    `json:"torrents,omitempty"`
	State    string          `json:"state"`
	Done     int             `json:"done"` // torrents with which it is done or has failed
	Of       int             `json:"of"`
	Why      string          `json:"why,omitempty"` // it waits, for a person
	Created  time.Time       `json:"created"`
	Expires  time.Time       `json:"expires"`
	Ended    time.Time       `json:"ended,omitzero"`
	Result   *command.Result `json:"result,omitempty"` // once it has ended
}

// HasEnded tells whether nothing more will come of the order.
func (o *Order) HasEnded() bool { return o.State != Waiting && o.State != Sent }

// DoRequest is what is to be done: the parts that Do names, as command.Command has
// them.
type DoRequest struct {
	Do       command.Kind `json:"do"`
	Torrents []Torrent    `json:"torrents,omitempty"` // of any boxes, at most command.MaxTorrents; for kinds that are about torrents
	Box      string       `json:"box,omitempty"`      // for the others; may be left out when there is one

	Remove   *command.Removal     `json:"remove,omitempty"`
	Move     *command.Moving      `json:"move,omitempty"`
	Rename   *command.Renaming    `json:"rename,omitempty"`
	Change   *command.Changes     `json:"change,omitempty"`
	Settings *command.NewSettings `json:"settings,omitempty"`

	Wait Seconds `json:"wait,omitempty"` // for the end of all orders, at most MaxWait
	Life Seconds `json:"life,omitempty"` // after which it is not begun any more; 0 for a day, at most 30
}

// AddRequest is a torrent to be added: exactly one of Magnet, Metainfo and URL.
type AddRequest struct {
	Box      string           `json:"box,omitempty"` // may be left out when there is one
	Magnet   string           `json:"magnet,omitempty"`
	Metainfo []byte           `json:"metainfo,omitempty"` // a .torrent file, at most command.MaxMetainfo
	URL      string           `json:"url,omitempty"`      // of a .torrent file, which the box fetches
	Cookies  string           `json:"cookies,omitempty"`  // for URL: "NAME=CONTENTS; …"
	Dir      string           `json:"dir,omitempty"`      // within the download tree; empty for the daemon's own
	Paused   bool             `json:"paused,omitempty"`
	Changes  *command.Changes `json:"changes,omitempty"` // made at once: labels, limits, files
	For      string           `json:"for,omitempty"`     // whose it is to be; administrators only
	Wait     Seconds          `json:"wait,omitempty"`    // at most MaxWait
	Life     Seconds          `json:"life,omitempty"`    // as DoRequest.Life
}

// Seconds is a duration that is whole seconds in JSON, rounded up.
type Seconds time.Duration

// Duration returns s as what it is.
func (s Seconds) Duration() time.Duration { return time.Duration(s) }

// MarshalJSON implements json.Marshaler.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return strconv.AppendInt(nil, int64(math.Ceil(s.Duration().Seconds())), 10), nil
}

// UnmarshalJSON implements json.Unmarshaler: a whole number, of so many seconds that
// a duration holds them.
func (s *Seconds) UnmarshalJSON(data []byte) error {
	n, err := strconv.ParseInt(string(data), 10, 64)
	if most := int64(math.MaxInt64 / time.Second); err != nil || n > most || n < -most {
		return errors.New("seconds are a whole number")
	}
	*s = Seconds(time.Duration(n) * time.Second)
	return nil
}

// orders is the answer of what makes orders, and of their list.
type orders struct {
	Commands []Order `json:"commands"`
}

// Do has something done to torrents or to a box. It returns an order for each box
// that is concerned, as they are after r.Wait or when all have ended. When the
// controller refuses it for one torrent nothing is done at all.
func (c *Client) Do(ctx context.Context, r DoRequest) ([]Order, error) {
	var answer orders
	err := c.patiently(ctx, r.Wait.Duration(), http.MethodPost, "commands", r, &answer)
	return answer.Commands, err
}

// Add adds a torrent.
func (c *Client) Add(ctx context.Context, r AddRequest) (Order, error) {
	return c.order(ctx, r.Wait.Duration(), "torrents", r)
}

// order posts what makes one order.
func (c *Client) order(ctx context.Context, wait time.Duration, path string, body any) (Order, error) {
	return c.one(ctx, wait, http.MethodPost, path, body)
}

func (c *Client) one(ctx context.Context, wait time.Duration, method, path string, body any) (Order, error) {
	var answer orders
	if err := c.patiently(ctx, wait, method, path, body, &answer); err != nil {
		return Order{}, err
	}
	if len(answer.Commands) != 1 {
		return Order{}, errForeign
	}
	return answer.Commands[0], nil
}

// Commands returns one's own orders, everybody's for an administrator: those under
// way and those that have ended lately, the oldest first.
func (c *Client) Commands(ctx context.Context) ([]Order, error) {
	var answer orders
	err := c.do(ctx, http.MethodGet, "commands", nil, &answer)
	return answer.Commands, err
}

// Command returns an order once it has ended, or as it is after wait, which is at
// most MaxWait.
func (c *Client) Command(ctx context.Context, id command.ID, wait time.Duration) (Order, error) {
	var answer Order
	err := c.patiently(ctx, wait, http.MethodGet, "commands/"+id.String()+waiting(wait), nil, &answer)
	return answer, err
}

// Cancel gives up an order that the box has not begun.
func (c *Client) Cancel(ctx context.Context, id command.ID) error {
	return c.do(ctx, http.MethodDelete, "commands/"+id.String(), nil, nil)
}

// waiting returns wait as the query of an address.
func waiting(wait time.Duration) string {
	if wait <= 0 {
		return ""
	}
	text, _ := Seconds(wait).MarshalJSON() // never fails
	return "?" + url.Values{"wait": {string(text)}}.Encode()
}
