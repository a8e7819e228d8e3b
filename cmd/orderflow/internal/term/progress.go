package term

import (
	"context"
	"io"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// Progress shows bars at the foot of a terminal. On anything else it shows nothing.
type Progress struct {
	container *mpb.Progress
}

// NewProgress returns bars on w, which end with ctx at the latest.
func NewProgress(ctx context.Context, w io.Writer) *Progress {
	if !IsTerminal(w) {
		return &Progress{}
	}
	return &Progress{mpb.NewWithContext(ctx, mpb.WithOutput(w), mpb.WithWidth(48))}
}

// Bar is one bar of a Progress.
type Bar struct {
	bar *mpb.Bar
}

// Bar adds a bar that is full at total.
func (p *Progress) Bar(name string, total int) *Bar {
	if p.container == nil {
		return &Bar{}
	}
	return &Bar{p.container.AddBar(int64(total),
		mpb.PrependDecorators(decor.Name(name, decor.WC{W: 10, C: decor.DindentRight}), decor.CountersNoUnit("%d / %d", decor.WCSyncSpace)),
		mpb.AppendDecorators(decor.Percentage(decor.WC{W: 5}), decor.Name("  "), decor.AverageETA(decor.ET_STYLE_GO)),
	)}
}

// Add moves the bar on by n. It may be called from many goroutines.
func (b *Bar) Add(n int) {
	if b.bar != nil {
		b.bar.IncrBy(n)
	}
}

// End leaves the bar as it stands.
func (b *Bar) End() {
	if b.bar != nil {
		b.bar.Abort(false)
	}
}

// Wait returns when all bars are full or ended, and the terminal is free again.
func (p *Progress) Wait() {
	if p.container != nil {
		p.container.Wait()
	}
}
