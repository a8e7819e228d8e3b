package release

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// sums are the SHA-256 of released files in hexadecimal, by their path under released/.
type sums map[string]string

// readSums reads the list, in the format of sha256sum. A line that cannot be read is noted.
func (c *checker) readSums() sums {
	text, err := fs.ReadFile(c.files, sumsFile)
	if err != nil {
		c.find(sumsFile, "", "cannot be read", restore(sumsFile))
	}
	listed := sums{}
	for scan := bufio.NewScanner(bytes.NewReader(text)); scan.Scan(); {
		sum, file, ok := strings.Cut(scan.Text(), "  ")
		if !ok || len(sum) != hex.EncodedLen(sha256.Size) {
			c.find(sumsFile, file, "has a line that is none of sha256sum's", restore(sumsFile))
			continue
		}
		listed[file] = sum
	}
	return listed
}

// sumsOf sums up what lies under released/.
func sumsOf(files fs.FS) (sums, error) {
	found := sums{}
	err := fs.WalkDir(files, folder, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || file == sumsFile {
			return err
		}
		text, err := fs.ReadFile(files, file)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(text)
		found[strings.TrimPrefix(file, folder+"/")] = hex.EncodeToString(sum[:])
		return nil
	})
	return found, err
}

func (s sums) String() string {
	var b strings.Builder
	for _, file := range sortedNames(s) {
		fmt.Fprintf(&b, "%s  %s\n", s[file], file)
	}
	return b.String()
}

// checkSums finds what was edited, removed or added by hand under released/.
func (c *checker) checkSums() {
	listed := c.readSums()
	found, err := sumsOf(c.files)
	if err != nil {
		c.find(folder, "", "cannot be read", restore(folder))
	}
	for _, file := range sortedNames(listed) {
		got, ok := found[file]
		switch at := path.Join(folder, file); {
		case !ok:
			c.find(at, "", "is gone, and was released", restore(at))
		case got != listed[file]:
			c.find(at, "", "was edited after its release", restore(at)+"; what is to change goes into a new version")
		default:
		}
	}
	for _, file := range sortedNames(found) {
		if _, ok := listed[file]; !ok {
			c.find(path.Join(folder, file), "", "is not listed in "+checkout+sumsFile, "remove its folder, or restore the list; versions are released by make freeze alone")
		}
	}
}
