package rpc

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"offing/controller/internal/account"
	"offing/controller/internal/owners"
	"offing/tunnel/state"
)

// TestToldAgain changes boxes, grants and the time at random, and compares what is told
// of what was told before with what is told anew.
func TestToldAgain(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	h := newHouse(t)
	h.addBox("barn")
	tokens := []string{"anna-token", "ben-token", "ada-token"}
	var questions []string
	for _, format := range []string{"objects", "table"} {
		for _, fields := range [][]string{listFields, {"hashString", "secondsSeeding"}, {"name"}} {
			questions = append(questions, fmt.Sprintf(`{"method":"torrent-get","arguments":{"format":%q,"fields":["%s"]}}`, format, strings.Join(fields, `","`)))
		}
	}
	for step := range 400 {
		for range rng.IntN(4) {
			changeSomething(h, rng)
		}
		for _, token := range tokens {
			q := questions[rng.IntN(len(questions))]
			told := h.raw(token, "", q).Body
			kept := h.end.answers
			h.end.answers = newAnswers()
			if anew := h.raw(token, "", q).Body; string(told) != string(anew) {
				t.Fatalf("step %d, %s, %s:\ntold  %s\nwant  %s", step, token, q, told, anew)
			}
			h.end.answers = kept
		}
	}
}

// changeSomething changes one thing of the house.
func changeSomething(h *house, rng *rand.Rand) {
	boxes := h.Boxes()
	box := boxes[rng.IntN(len(boxes))]
	n := 1 + rng.IntN(40)
	k := owners.Key{Box: box.Name, Hash: hashOf(n)}
	one := sample(n)
	one.Downloaded, one.Status = rng.Int64N(1000), []state.Status{state.Downloading, state.Seeding, state.Stopped}[rng.IntN(3)]
	one.RateDown, one.RateUp = max(0, rng.Int64N(5)-3), 0
	one.Active = h.now.Unix() - rng.Int64N(3600)
	switch rng.IntN(20) {
	case 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11:
		h.put(box.Name, "", one)
	case 12, 13:
		h.remove(box.Name, k.Hash)
	case 14, 15, 16:
		h.pass(time.Duration(rng.Int64N(int64(10 * time.Minute))))
	case 17:
		h.grant(k, owners.Grant{User: []account.User{"anna", "ben"}[rng.IntN(2)], Access: owners.Access(rng.IntN(int(owners.Own) + 1))})
	case 18:
		_ = box.State.Update(func(tx *state.Tx) error {
			tx.SetSettings(state.Settings{StalledEnabled: rng.IntN(2) == 0, StalledMinutes: int32(rng.IntN(60)), RatioLimit: rng.Int64N(10_000)})
			return nil
		})
	case 19:
		_ = box.State.Update(func(tx *state.Tx) error {
			tx.SetHost(state.Host{DiskFree: rng.Int64N(1 << 40)})
			return nil
		})
	}
}
