package term

import (
	"io"
	"strings"

	"charm.land/lipgloss/v2"
)

// Column is the heading of a column.
type Column struct {
	Title string
	Right bool // align at the right, as numbers are
}

// Table prints rows under columns, two spaces apart. A row may have fewer cells than there are columns.
// Without any title there is no heading line.
func Table(w io.Writer, columns []Column, rows [][]string) error {
	widths := make([]int, len(columns))
	titles := make([]string, len(columns))
	for i, c := range columns {
		titles[i] = Faint(c.Title)
		widths[i] = lipgloss.Width(c.Title)
	}
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], lipgloss.Width(cell))
		}
	}
	if titled(columns) {
		rows = append([][]string{titles}, rows...)
	}
	var b strings.Builder
	for _, row := range rows {
		b.WriteString(line(columns, widths, row))
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func titled(columns []Column) bool {
	for _, c := range columns {
		if c.Title != "" {
			return true
		}
	}
	return false
}

func line(columns []Column, widths []int, row []string) string {
	var b strings.Builder
	for i, cell := range row {
		if i > 0 {
			b.WriteString("  ")
		}
		gap := strings.Repeat(" ", widths[i]-lipgloss.Width(cell))
		if columns[i].Right {
			b.WriteString(gap + cell)
		} else {
			b.WriteString(cell + gap)
		}
	}
	return strings.TrimRight(b.String(), " ")
}
