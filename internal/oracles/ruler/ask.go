package main

import (
	"bytes"
	"context"
	_ "embed" // the program below
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"github.com/orderflow/orderflow/internal/contract/gate"
)

//go:embed RulerCheck.java
var program []byte

// question is what RulerCheck.java reads. Both are JSON as text, so that nothing between here and the library rewrites it.
type question struct {
	Pattern string `json:"pattern"`
	Event   string `json:"event"`
}

// askRuler returns event-ruler's answer to each case: "true", "false" or what is wrong with the pattern. The jars are in dir.
func askRuler(ctx context.Context, dir string, cases []gate.Case) ([]string, error) {
	java, err := exec.LookPath("java")
	if err != nil {
		return nil, fmt.Errorf("a JDK of version 17 or later is needed: %w", err)
	}
	source := filepath.Join(dir, "RulerCheck.java")
	if err := os.WriteFile(source, program, 0o644); err != nil {
		return nil, err
	}
	var questions bytes.Buffer
	out := json.NewEncoder(&questions)
	for _, c := range cases {
		if err := out.Encode(question{string(c.Pattern), string(c.Event)}); err != nil {
			return nil, err
		}
	}
	cmd := exec.CommandContext(ctx, java, "-cp", filepath.Join(dir, "*"), source)
	cmd.Stdin, cmd.Stderr = &questions, os.Stderr
	said, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("run RulerCheck.java: %w", err)
	}
	answers := strings.Split(strings.TrimSuffix(string(said), "\n"), "\n")
	if len(answers) != len(cases) {
		return nil, fmt.Errorf("%d answers to %d cases: %w", len(answers), len(cases), errNothing)
	}
	return answers, nil
}

// askEmulator returns the emulator's answer to each case: "true" or "false", or its error.
func askEmulator(ctx context.Context, conf aws.Config, cases []gate.Case) []string {
	client := eventbridge.NewFromConfig(conf)
	answers := make([]string, len(cases))
	for i, c := range cases {
		out, err := client.TestEventPattern(ctx, &eventbridge.TestEventPatternInput{
			EventPattern: aws.String(string(c.Pattern)), Event: aws.String(string(c.Event)),
		})
		if err != nil {
			answers[i] = "refused: " + err.Error()
			continue
		}
		answers[i] = strconv.FormatBool(out.Result)
	}
	return answers
}
