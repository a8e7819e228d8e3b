package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/pool"
	"github.com/orderflow/orderflow/cmd/orderflow/internal/term"
	"github.com/orderflow/orderflow/cmd/orderflow/internal/userfile"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/user"
)

type usersCommands struct {
	Import usersImportCommand `cmd:"" help:"Import users from a file, CSV with a header line or NDJSON."`
}

type usersImportCommand struct {
	File        string `arg:"" help:"File of users; - reads the standard input."`
	SkipInvalid bool   `help:"Import the valid lines although others are not. Without it a bad line stops all."`
	SignIn      bool   `help:"Make each user able to sign in at the user pool, and key the row by the pool's subject in place of user_id."`
	Password    string `env:"ORDERFLOW_PASSWORD" help:"Password for --sign-in; without it new users get a random one, which is printed, and others keep theirs."`
	Reveal      bool   `help:"Print e-mail addresses too."`
}

// Help is what --help adds.
func (usersImportCommand) Help() string {
	return `Fields: user_id and status (ACTIVE or BLOCKED); if need be email, name, locale, and customer and payment_method, which are the
payment provider's ids. A user who is there already is replaced, so importing a file twice changes nothing more. An address that
refused mail stays marked until the user has another one.

    orderflow users import users.csv
    orderflow users import --sign-in users.ndjson`
}

// batch is how many users the store is given at once, which writes some of them side by side.
const batch = 100

// Run imports the users.
func (c usersImportCommand) Run(ctx context.Context, s *session) error {
	file, err := c.read(s)
	if err != nil {
		return err
	}
	if err := c.judge(s, file); err != nil {
		return err
	}
	d, err := s.connect(ctx)
	if err != nil {
		return err
	}
	progress := term.NewProgress(ctx, s.console)
	rows := file.Rows
	var signedIn []account
	if c.SignIn {
		bar := progress.Bar("sign-in", len(rows))
		signedIn, err = signIn(ctx, d.pool(), rows, c.Password, bar.Add)
		bar.End()
		rows = subjects(rows, signedIn)
	}
	if err == nil {
		bar := progress.Bar("users", len(rows))
		err = store(ctx, d, rows, bar.Add)
		bar.End()
	}
	progress.Wait()
	if printed := c.print(s, signedIn); printed != nil {
		return printed // passwords that nobody saw are lost
	}
	if err != nil {
		return fmt.Errorf("import users: %w; import the file again to go on", err)
	}
	return c.summarise(s, file)
}

func (c usersImportCommand) read(s *session) (userfile.File, error) {
	in, err := s.open(c.File)
	if err != nil {
		return userfile.File{}, err
	}
	defer in.Close()
	return userfile.Read(in, userfile.Rules{NeedEmail: c.SignIn})
}

// open opens a file, or the standard input where its name is -.
func (s *session) open(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(s.stdin), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, usageError{err}
	}
	return f, nil
}

// maxProblems is how many problems people are shown at once.
const maxProblems = 20

// judge prints what is wrong with the file, and returns an error where that stops the import.
func (c usersImportCommand) judge(s *session, file userfile.File) error {
	for i, p := range file.Problems {
		if s.options.JSON {
			if err := s.printJSON(p); err != nil {
				return err
			}
			continue
		}
		if i == maxProblems {
			s.note("… and %d more; --json prints all", len(file.Problems)-i)
			break
		}
		s.note("%s", p)
	}
	if file.Bad > 0 && !c.SkipInvalid {
		return usagef("%d of %d lines have problems; nothing was imported (mend them, or import the others with --skip-invalid)",
			file.Bad, file.Bad+len(file.Rows))
	}
	return nil
}

// store writes rows to the users table.
func store(ctx context.Context, d deployment, rows []userfile.Row, done func(int)) error {
	users := d.users()
	for chunk := range slices.Chunk(rows, batch) {
		put := make([]user.User, len(chunk))
		for i, r := range chunk {
			put[i] = r.User
		}
		if err := users.PutMany(ctx, put); err != nil {
			return err
		}
		done(len(chunk))
	}
	return nil
}

// account is a user who can sign in.
type account struct {
	UserID   order.UserID `json:"user_id"` // in the file
	Subject  order.UserID `json:"subject"` // in the users table, and in the user's tokens
	Created  bool         `json:"created"`
	Password string       `json:"password,omitempty"` // where it was set now
	Email    string       `json:"email,omitempty"`    // only if revealed
}

// signIn makes the rows' users able to sign in. After an error it returns those that are.
func signIn(ctx context.Context, p pool.Pool, rows []userfile.Row, password string, done func(int)) ([]account, error) {
	accounts := make([]account, 0, len(rows))
	for _, r := range rows {
		got, err := p.Ensure(ctx, r.User.Email, password, randomPassword)
		if err != nil {
			return accounts, fmt.Errorf("line %d: %w", r.Line, err)
		}
		accounts = append(accounts, account{r.User.ID, order.UserID(got.Subject), got.Created, got.Password, r.User.Email})
		done(1)
	}
	return accounts, nil
}

// randomPassword satisfies the pool's rules whatever the random part is.
func randomPassword() string { return "Aa1-" + rand.Text() }

// subjects returns the rows that have an account, keyed by its subject.
func subjects(rows []userfile.Row, accounts []account) []userfile.Row {
	keyed := slices.Clone(rows[:len(accounts)])
	for i := range keyed {
		keyed[i].User.ID = accounts[i].Subject
	}
	return keyed
}

func (c usersImportCommand) print(s *session, accounts []account) error {
	if len(accounts) == 0 {
		return nil
	}
	if s.options.JSON {
		for _, a := range accounts {
			if !c.Reveal {
				a.Email = ""
			}
			if err := s.printJSON(a); err != nil {
				return err
			}
		}
		return nil
	}
	columns := []term.Column{{Title: "user_id"}, {Title: "subject"}, {Title: "password"}}
	if c.Reveal {
		columns = append(columns, term.Column{Title: "email"})
	}
	rows := make([][]string, len(accounts))
	for i, a := range accounts {
		rows[i] = []string{string(a.UserID), string(a.Subject), cmp.Or(a.Password, term.Faint("(unchanged)"))}
		if c.Reveal {
			rows[i] = append(rows[i], a.Email)
		}
	}
	return term.Table(s.stdout, columns, rows)
}

// imported is the summary.
type imported struct {
	Imported int `json:"imported"`
	Skipped  int `json:"skipped"`
}

func (c usersImportCommand) summarise(s *session, file userfile.File) error {
	if s.options.JSON {
		return s.printJSON(imported{len(file.Rows), file.Bad})
	}
	skipped := ""
	if file.Bad > 0 {
		skipped = term.Warn(fmt.Sprintf(", %s lines with problems skipped", term.Count(int64(file.Bad))))
	}
	s.say("%s users imported%s", term.Count(int64(len(file.Rows))), skipped)
	return nil
}
