package main

import (
	"runtime"
	"runtime/debug"
)

type versionCommand struct{}

// version is what the binary knows of where it comes from.
type version struct {
	Module   string `json:"module"`
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
}

// Run prints the version.
func (versionCommand) Run(s *session) error {
	v := version{Version: "(devel)", Go: runtime.Version()}
	if info, ok := debug.ReadBuildInfo(); ok {
		v.read(info)
	}
	if s.options.JSON {
		return s.printJSON(v)
	}
	line := "orderflow " + v.Version
	if v.Revision != "" {
		line += " " + v.Revision
	}
	if v.Modified {
		line += " (modified)"
	}
	s.say("%s, %s", line, v.Go)
	return nil
}

func (v *version) read(info *debug.BuildInfo) {
	v.Module = info.Main.Path
	if info.Main.Version != "" {
		v.Version = info.Main.Version
	}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			v.Revision = setting.Value[:min(len(setting.Value), 12)]
		case "vcs.modified":
			v.Modified = setting.Value == "true"
		}
	}
}
