package replay_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/orderflow/orderflow/internal/replay"
)

func TestALineThatACrashCutOffIsForgotten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j, err := replay.Create(path, replay.Run{Stage: "x", URL: "u", By: "kim", Started: at, Max: 3})
	if err != nil {
		t.Fatal(err)
	}
	letter := func(id string) []replay.Letter {
		return []replay.Letter{{Message: replay.Message{ID: id}, EventID: "e"}}
	}
	if err := errors.Join(j.Confirm(letter("m-1")), j.Confirm(letter("m-2")), j.Close()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text[:len(text)-5], 0o600); err != nil {
		t.Fatal(err)
	}
	for want := 1; want <= 2; want++ { // the second round reads what the first one wrote behind the cut
		j, err := replay.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if j.Sent() != want || j.Run.Max != 3 || !j.Run.Started.Equal(at) {
			t.Errorf("got %d sent and %+v, want %d", j.Sent(), j.Run, want)
		}
		if err := errors.Join(j.Confirm(letter("m-3")), j.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnotherFileIsNoJournal(t *testing.T) {
	for name, text := range map[string]string{"empty": "", "text": "hello\n", "other JSON": "{}\n", "torn head": `{"url":"u"`, "bad line": `{"url":"u"}` + "\nx\n"} {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := replay.Open(path); !errors.Is(err, replay.ErrJournal) {
			t.Errorf("%s: got %v, want ErrJournal", name, err)
		}
		if _, err := replay.Create(path, replay.Run{URL: "u"}); !errors.Is(err, os.ErrExist) {
			t.Errorf("%s: got %v when a journal was started over it", name, err)
		}
	}
}
