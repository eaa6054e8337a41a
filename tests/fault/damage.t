#!/usr/bin/perl
# A ledger that is damaged, cut, replaced, older or missing: status 5 with what to do, or its content is not used; no user is
# created twice, and with the right ledger restored the run completes.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycProof;
use KycTest;
use KycRun;
use KycMachine;

# The columns are shared out to so many processes.
use constant NULL_PARTS => 4;

my @parts = ("", ".key", ".head", "-wal", "-shm");

sub keep
{
    my ($case) = @_;
    return {map { my $path = "$case->{folder}/test.ledger$_"; $_ => -e $path ? read_file($path) : undef } @parts};
}

sub put_back
{
    my ($case, $kept) = @_;
    for my $part (@parts) {
        my $path = "$case->{folder}/test.ledger$part";
        unlink $path;
        write_file($path, $kept->{$part}) if defined $kept->{$part};
        chmod 0600, $path if defined $kept->{$part};
    }
}

sub report_head_file { return (glob "$_[0]{folder}/reports/test/ledger-*.head")[0]; }

# A case with a ledger of a first run over half of its rows; wal: as after a killed run, with all data in the WAL.
sub case_with_ledger
{
    my (%option) = @_;
    my $case = machine_case(rows => 40, bad => 0, sandbox => $option{wal} ? ['--latency', '5ms'] : []);
    if (!$option{wal}) {
        my ($status, undef, $err) = machine_run($case, undef, '-q', '--limit', 20);
        die "the first run: $status $err" if $status;
        return $case;
    }
    my $pid = case_start($case, '-q');
    for (1 .. 3000) {
        last if sandbox_counts($case->{sandbox})->{payward}{users} >= 20;
        select undef, undef, undef, 0.01;
    }
    kill 'KILL', $pid;
    waitpid $pid, 0;
    return $case;
}

sub journal_mode { return (run_program('sqlite3', "$_[0]{folder}/test.ledger", $_[1]))[0]; }

my $key = 'digest key';
# The damage to the ledger, and a run's message.
my @damages = (
    {sentence => 'it is removed', do => sub { unlink "$_[0]{folder}/test.ledger$_" for @parts },
        message => qr{DIR/test\.ledger: the ledger is missing, and DIR/reports/test/ledger-\S+\.head shows .*hint: restore it from a copy, together with its \.key file; or start over with run --new-ledger}s},
    {sentence => 'an older copy takes its place', older => 1,
        message => qr{test\.ledger: this ledger does not hold the last run that DIR/reports/test/ledger-\S+\.head records: .*every customer that it lacks would be created again\n\s*hint: restore the right ledger; or continue with this one by run --new-ledger}},
    {sentence => 'its key is removed', do => sub { unlink "$_[0]{folder}/test.ledger.key" }, message => qr{has lost its $key DIR/test\.ledger\.key: .*\n\s*hint: restore the key file}},
    {sentence => 'its key is another', do => sub { write_file("$_[0]{folder}/test.ledger.key", ('0123456789abcdef' x 4) . "\n") },
        message => qr{the $key is not the one that this ledger was created with.*\n\s*hint: restore the right key \(DIR/test\.ledger\.key}},
    {sentence => 'its key is cut', do => sub { truncate "$_[0]{folder}/test.ledger.key", 20 }, message => qr{$key DIR/test\.ledger\.key does not have its 64 hexadecimal digits\n\s*hint: restore it}},
    {sentence => 'its key is empty', do => sub { truncate "$_[0]{folder}/test.ledger.key", 0 }, message => qr{$key DIR/test\.ledger\.key does not have its 64 hexadecimal digits\n\s*hint: restore it}},
    {sentence => 'it is not a database', do => sub { unlink "$_[0]{folder}/test.ledger-wal"; write_file("$_[0]{folder}/test.ledger", 'not a database, ' x 1000) },
        message => qr{DIR/test\.ledger cannot be read: it is not a ledger \(not a SQLite file\).*\n\s*hint: name another path}},
    {sentence => 'it is another database', do => sub { put_back($_[0], {}); run_program('sqlite3', "$_[0]{folder}/test.ledger", 'CREATE TABLE t(x)') },
        message => qr{DIR/test\.ledger is a SQLite file, but not a ledger of kyc-import; it was not changed}},
    {sentence => 'it is of a version to come', do => sub { journal_mode($_[0], 'PRAGMA user_version = 99') },
        message => qr{ledger DIR/test\.ledger has format 99, but this program reads format \d+\n\s*hint: use the version}},
    {sentence => 'it is of an earlier version', do => sub { journal_mode($_[0], 'PRAGMA user_version = 2') },
        message => qr{ledger DIR/test\.ledger has format 2, but this program reads format 3\n\s*hint: use the version}},
    {sentence => 'a table is missing', do => sub { journal_mode($_[0], 'DROP TABLE event') }, message => qr{DIR/test\.ledger cannot be read: no such table: event}},
    {sentence => 'the last customer is missing', do => sub { journal_mode($_[0], 'DELETE FROM customer WHERE id = (SELECT max(id) FROM customer)') },
        message => qr{DIR/test\.ledger is damaged: the row of customer \d+ is missing\n\s*hint: restore it}},
    {sentence => 'it is empty', do => sub { put_back($_[0], {%{keep($_[0])}, '-wal' => undef, '-shm' => undef}); truncate "$_[0]{folder}/test.ledger", 0 },
        message => qr{test\.ledger: this ledger does not hold the last run that DIR/test\.ledger\.head records}},
);
for my $damage (@damages) {
    machine_parallel $damage->{sentence} => sub {
        my $case = case_with_ledger();
        my $old = keep($case);
        if ($damage->{older}) {
            machine_run($case, undef, '-q', '--limit', 30);
        }
        my $right = keep($case);
        $damage->{older} ? put_back($case, $old) : $damage->{do}->($case);
        machine_hurt();
        my $users = sandbox_counts($case->{sandbox})->{payward}{users};
        my ($status, undef, $err) = machine_run($case, {}, '-q');
        machine_fails($case, "$damage->{sentence}: status 5 and what to do", {status => 5, message => $damage->{message}}, $status, $err);
        is(sandbox_counts($case->{sandbox})->{payward}{users}, $users, "$damage->{sentence}: no user was created");
        put_back($case, $right);
        machine_holds($case, "$damage->{sentence}, and the right one is put back");
    };
}

# A NULL in every column of every table that must not have one, without the constraints (as in copied tables): no command
# is ended by a signal, the damage is reported with status 5 and what to do, and no user is created.
for my $turn (1 .. NULL_PARTS) {
    machine_parallel "a NULL in every column, part $turn" => sub {
        my $case = case_with_ledger();
        my $right = keep($case);
        my $ledger = "$case->{folder}/test.ledger";
        my $head_file = report_head_file($case);
        my $recorded = read_file($head_file);
        my @columns = map { [split /\|/] } split /\n/, (run_program('sqlite3', $ledger,
            "SELECT m.name, c.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table' AND c.pk = 0 AND m.name <> 'nonce'"))[1];
        # A column that has a value in no row is not changed.
        my %is_stored = map { ("@$_[0, 1]" =~ s/ /./r) => (run_program('sqlite3', $ledger, "SELECT count($_->[1]) FROM $_->[0]"))[1] > 0 } @columns;
        cmp_ok(scalar @columns, '>', 40, 'the columns of a ledger');
        my $users = sandbox_counts($case->{sandbox})->{payward}{users};
        my @wrong;
        for my $column (@columns[grep { $_ % NULL_PARTS == $turn - 1 } 0 .. $#columns]) {
            my ($table, $name) = @$column;
            run_program('sqlite3', $ledger, 'PRAGMA writable_schema = ON', "UPDATE sqlite_schema SET sql = replace(sql, ' NOT NULL', '') WHERE type = 'table'",
                'PRAGMA writable_schema = RESET', "UPDATE $table SET $name = NULL");
            my %reported;
            for my $command (['status', '--verify'], ['status'], ['results', '--format', 'csv'], ['check', '-q'], ['run', '-q', '--limit', 20]) {
                my ($status, undef, $err) = case_run($case, @$command);
                push @wrong, "$table.$name, @$command: status $status: $err" if $status > 7;
                push @wrong, "$table.$name, @$command: no way out: $err" if $status == 5 && $command->[-1] ne '--verify' && $err !~ /hint: .*restore|hint: use the version/;
                $reported{$command->[0]} = 1 if $status == 5;
            }
            push @wrong, "$table.$name: nothing said that the ledger is damaged" if !$reported{status} && $is_stored{"$table.$name"};
            write_file($head_file, $recorded);    # of a run that found nothing wrong
            push @wrong, "$table.$name: a run did not say so" if !$reported{run} && "$table.$name" =~ /^(?:customer\.(?:external_id|state|user_id)|event\.chain|meta\.value)$/;
            put_back($case, $right);
        }
        is(join("\n", @wrong), '', 'a NULL in any column is reported, and ends no command by a signal');
        is(sandbox_counts($case->{sandbox})->{payward}{users}, $users, 'and no user was created meanwhile');
        machine_holds($case, 'a NULL in every column, and the right one is put back');
    };
}
machine_parallel 'a second hard link' => sub {
    my $case = case_with_ledger();
    my $ledger = "$case->{folder}/test.ledger";
    link $ledger, "$ledger.other" or die $!;
    my ($status, undef, $err) = machine_run($case, {}, '-q');
    machine_fails($case, 'a second hard link: status 5 and what to do', {status => 5, message => qr/test\.ledger has 2 names .*\n\s*hint: remove the other names/}, $status, $err);
    unlink "$ledger.other";
    machine_holds($case, 'the second hard link is removed');
};

# The ledger is removed, and a person starts over: payward creates no second user, since the reference is the same.
machine_parallel '--new-ledger' => sub {
    my $case = case_with_ledger();
    unlink "$case->{folder}/test.ledger$_" for @parts;
    my ($status, undef, $err) = machine_run($case, {}, '-q', '--new-ledger');
    machine_fails($case, '--new-ledger starts over', {status => 0}, $status, $err);
    machine_holds($case, '--new-ledger');
};

# A damaged head file, here or in the report folder, does not disable the check for a missing ledger.
for my $what (['cut', sub { truncate $_[0], 60 }], ['empty', sub { truncate $_[0], 0 }]) {
    for my $where (['beside the ledger', sub { "$_[0]{folder}/test.ledger.head" }], ['in the report folder', \&report_head_file]) {
        my $sentence = "the head file $where->[0] is $what->[0]";
        machine_parallel $sentence => sub {
            my $case = case_with_ledger();
            my $right = keep($case);
            my $head_file = $where->[1]->($case);
            my $text = read_file($head_file);
            unlink "$case->{folder}/test.ledger$_" for grep { $_ ne '.head' } @parts;
            $what->[1]->($head_file);
            my ($status, undef, $err) = machine_run($case, {}, '-q');
            is($status, 5, "$sentence and the ledger gone: status 5");
            like($err, qr/\Q$head_file\E: it is damaged .*\n\s*hint: restore it from a backup; or remove it/, "$sentence: what to do");
            is(sandbox_counts($case->{sandbox})->{payward}{users}, 20, "$sentence: no user was created");
            put_back($case, $right);
            write_file($head_file, $text);
            machine_holds($case, "$sentence, and put right");
        };
    }
}

# A fixed pseudo random generator: the same damage in every run.
my $state = 20261121;
sub number_below
{
    my ($max) = @_;
    $state = ($state * 1103515245 + 12345) & 0x7fffffff;
    return int($state / 0x80000000 * $max);
}

# Flipped bits or a cut at any place: reported (status 5), or without effect; never a crash, never a second user.
sub disturb
{
    my ($case, $sentence, $change, $wanted) = @_;
    my $right = keep($case);
    my $head_file = report_head_file($case);
    my $recorded = read_file($head_file);
    $change->($case);
    machine_hurt();
    my $users = sandbox_counts($case->{sandbox})->{payward}{users};
    my ($status, undef, $err) = machine_run($case, {}, '-q');
    my $counts = sandbox_counts($case->{sandbox})->{payward};
    my @wrong;
    push @wrong, "status $status: $err" if $status !~ /^(?:$wanted)$/;
    push @wrong, "no way out: $err" if $status == 5 && $err !~ /test\.ledger\S* .*hint: .*(?:restore|keep a copy|check|use the version|name another)/s;
    push @wrong, "$counts->{duplicates} twice" if $counts->{duplicates};
    push @wrong, "$counts->{users} users" if $counts->{users} > $case->{valid} || $counts->{users} < $users;
    is(join('; ', @wrong), '', "$sentence: status $status");
    # The right ledger lacks the users created meanwhile: payward returns the same users again. The head file of
    # the other ledger is removed as well, for that is gone; and the lost nonces are below a reservation.
    $case->{set}{'provider.nonce_floor'} = (time + 3600) * 1_000_000_000;
    put_back($case, $right);
    write_file($head_file, $recorded);
    machine_holds($case, "$sentence, and the right ledger is put back");
    return $status;
}

# One round in a process of its own, with damage of its own. part: '-wal', or '' for a ledger without one.
sub disturb_in_parallel
{
    my ($round, $part, $sentence, $change, $wanted) = @_;
    machine_parallel $sentence => sub {
        $state += $round;
        return {status => disturb(case_with_ledger(wal => $part ne ''), $sentence, $change, $wanted)};
    };
}

my $flips = proof_is_long() ? 300 : 10;
for my $round (1 .. $flips) {
    my $part = $round % 2 ? '-wal' : '';
    disturb_in_parallel($round, $part, "$round: bits flipped in test.ledger$part", sub {
        my $path = "$_[0]{folder}/test.ledger$part";
        my $bytes = read_file($path);
        for (1 .. 1 + number_below(20)) {
            my $where = number_below(length $bytes);
            substr($bytes, $where, 1) = chr(ord(substr $bytes, $where, 1) ^ 1 << number_below(8));
        }
        write_file($path, $bytes);
    }, '0|1|4|5');
}
for my $round (1 .. (proof_is_long() ? 150 : 6)) {
    my $part = $round % 2 ? '-wal' : '';
    disturb_in_parallel($flips + $round, $part, "$round: test.ledger$part is cut", sub {
        my $path = "$_[0]{folder}/test.ledger$part";
        truncate $path, number_below(-s $path);
    }, '0|5');
}
my %ended;
$ended{$_->{status}}++ for grep { $_ && defined $_->{status} } machine_parallel_run(6);
print "# ends by status: ", join(', ', map { "$_: $ended{$_}" } sort keys %ended), "\n";
cmp_ok($ended{5} || 0, '>', 0, 'damage was reported');
machine_proof();
done_testing;
