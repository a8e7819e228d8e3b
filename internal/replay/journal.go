package replay

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Run is the first line of a journal: what is replayed, and who asked for it.
type Run struct {
	Stage   string    `json:"stage"`
	Queue   string    `json:"queue"` // the place's name
	URL     string    `json:"url"`   // of the dead-letter queue
	By      string    `json:"by"`
	Started time.Time `json:"started"` // only what was there before is replayed
	Filter  Filter    `json:"filter"`
	Max     int       `json:"max,omitempty"` // 0: all
	Keep    bool      `json:"keep,omitempty"`
}

// Confirmed is any other line: a letter that was sent for certain.
type Confirmed struct {
	Message string `json:"message"`         // id in the dead-letter queue
	Event   string `json:"event,omitempty"` // id of the event
}

// Journal is the file that a run keeps, so that after a crash nothing is sent again that is known to have been sent. It
// holds ids alone.
type Journal struct {
	Run  Run
	file *os.File
	sent map[string]bool // ids of messages
	back map[string]bool // ids of events
}

// ErrJournal means that a file is no journal, or one of another run.
var ErrJournal = errors.New("not the journal of such a replay")

// Create starts a journal in a file that must not be there yet.
func Create(path string, run Run) (*Journal, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start journal: %w", err)
	}
	j := &Journal{Run: run, file: file, sent: map[string]bool{}, back: map[string]bool{}}
	if err := write(j, run); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return j, nil
}

// Open goes on with a journal. A last line that a crash cut off is removed: it says nothing for certain.
// The error is ErrJournal where the file is none.
func Open(path string) (*Journal, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	j := &Journal{file: file, sent: map[string]bool{}, back: map[string]bool{}}
	if err := j.read(); err != nil {
		return nil, errors.Join(fmt.Errorf("open journal %s: %w", path, err), file.Close())
	}
	return j, nil
}

func (j *Journal) read() error {
	in := bufio.NewReader(j.file)
	var end int64
	for n := 0; ; n++ {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			if n == 0 {
				return ErrJournal
			}
			return j.cut(end)
		}
		if err != nil {
			return err
		}
		if err := j.readLine(n, line); err != nil {
			return err
		}
		end += int64(len(line))
	}
}

// cut drops what stands behind end and goes there.
func (j *Journal) cut(end int64) error {
	if err := j.file.Truncate(end); err != nil {
		return err
	}
	_, err := j.file.Seek(end, io.SeekStart)
	return err
}

func (j *Journal) readLine(n int, line []byte) error {
	if n == 0 {
		if err := json.Unmarshal(line, &j.Run); err != nil || j.Run.URL == "" {
			return ErrJournal
		}
		return nil
	}
	var c Confirmed
	if err := json.Unmarshal(line, &c); err != nil || c.Message == "" {
		return fmt.Errorf("line %d: %w", n+1, ErrJournal)
	}
	j.remember(c)
	return nil
}

func (j *Journal) remember(c Confirmed) {
	j.sent[c.Message] = true
	if c.Event != "" {
		j.back[c.Event] = true
	}
}

// Sent returns how many letters were sent, in all runs of the journal.
func (j *Journal) Sent() int { return len(j.sent) }

// Confirm notes that letters were sent. When it returns, the disk has it.
func (j *Journal) Confirm(letters []Letter) error {
	lines := make([]Confirmed, len(letters))
	for i, l := range letters {
		lines[i] = Confirmed{l.ID, l.EventID}
		j.remember(lines[i])
	}
	return write(j, lines...)
}

func write[T Run | Confirmed](j *Journal, lines ...T) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	for _, line := range lines {
		if err := enc.Encode(line); err != nil {
			return fmt.Errorf("write journal: %w", err)
		}
	}
	if _, err := j.file.Write(text.Bytes()); err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	return nil
}

// Close closes the file.
func (j *Journal) Close() error { return j.file.Close() }
