package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"time"
)

// central is where Maven's clients fetch from by default.
const central = "https://repo.maven.apache.org/maven2/"

// jar is a file of the Maven repository, with its SHA-256.
type jar struct{ path, sum string }

// jars are AWS's event-ruler and what it needs to run.
var jars = []jar{
	{"software/amazon/event/ruler/event-ruler/1.8.1/event-ruler-1.8.1.jar", "cec3fc54e85d27904b053a159553039a861b08e574d813cf74c47deb277ec432"},
	{"com/fasterxml/jackson/core/jackson-databind/2.18.0/jackson-databind-2.18.0.jar", "2bf1927b7f3224683ed0157a1ec3b0ede75179da3e597d78c572d56ed00f9f3c"},
	{"com/fasterxml/jackson/core/jackson-core/2.18.0/jackson-core-2.18.0.jar", "215bbd7c8fd65be504cb92ff3aa1c4b790fc7b14cca72f4546aac4143c101bb5"},
	{"com/fasterxml/jackson/core/jackson-annotations/2.18.0/jackson-annotations-2.18.0.jar", "a09367d2eeb526873abf737ff754c5085f82073a382ee72c3bbe15412217671f"},
	{"ch/randelshofer/fastdoubleparser/2.0.0/fastdoubleparser-2.0.0.jar", "bd7d695c336843f75477767a59cfdf909c0c6aa5fde2b9f4f021c9f30974ea08"},
}

// install fetches those of all that are not in dir yet, and leaves there no file with another sum than the one that is written down.
// The repository's address ends in a slash.
func install(ctx context.Context, dir, repository string, all []jar) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, j := range all {
		file := filepath.Join(dir, path.Base(j.path))
		if content, err := os.ReadFile(file); err == nil && j.check(content) == nil {
			continue
		}
		content, err := j.fetch(ctx, repository)
		if err == nil {
			err = j.check(content)
		}
		if err == nil {
			err = os.WriteFile(file, content, 0o644)
		}
		if err != nil {
			return fmt.Errorf("install %s: %w", path.Base(j.path), err)
		}
	}
	return nil
}

var errSum = errors.New("the file has another SHA-256 than the one that is pinned")

func (j jar) check(content []byte) error {
	if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != j.sum {
		return errSum
	}
	return nil
}

// fetchWithin bounds one download; the largest is 1.7 MB.
const fetchWithin = 2 * time.Minute

func (j jar) fetch(ctx context.Context, repository string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, repository+j.path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("got %s", resp.Status)
	}
	return io.ReadAll(resp.Body)
}
