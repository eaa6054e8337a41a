#!/usr/bin/perl
# A backup is a whole ledger with its key, made while a run writes it as well as between two runs; it is verified before it
# has its name, and replaces nothing.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use KycTest;
use KycRun;

# Requests that overtake one another, as on a busy machine, are not what is tested here.
my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
my $json = JSON::PP->new->utf8;

sub mode_of { return sprintf '%04o', (stat $_[0])[2] & 07777; }
sub names_in { opendir my $folder, $_[0] or die "$_[0]: $!"; return sort grep { !/^\.\.?$/ } readdir $folder; }

# The rows of a query on any SQLite file.
sub rows_of
{
    my ($path, $query) = @_;
    my ($status, $out, $err) = run_program('sqlite3', '-readonly', $path, $query);
    die "sqlite3: $err" if $status;
    return $out;
}

subtest 'between two runs' => sub {
    my $case = case_new($sandbox, rows => 40);
    my $folder = "$case->{folder}/off-site";
    mkdir $folder;
    run_of($case, 'the customers are created', 0);
    my ($status, $out, $err) = case_run($case, 'backup', "$folder/monday");
    is($status, 0, 'status 0') or diag $err;
    like($out, qr/^\S+monday: the ledger as of \d{4}-\S+, verified: \d+ events, 40 customers, 1 run$/m, 'it says what it has');
    like($out, qr/^\S+monday\.key: its digest key/m, 'and where the key is');
    is_deeply([names_in($folder)], ['monday', 'monday.key'], 'there is the backup, its key, and nothing else');
    is(mode_of("$folder/monday"), '0600', 'only its owner may read it');
    is(mode_of("$folder/monday.key"), '0600', 'and its key');
    is(read_file("$folder/monday.key"), read_file("$case->{folder}/test.ledger.key"), 'the key is the ledger\'s');
    is(rows_of("$folder/monday", 'PRAGMA integrity_check'), "ok\n", 'SQLite finds it whole');
    is(rows_of("$folder/monday", 'SELECT * FROM customer ORDER BY id'),
        rows_of("$case->{folder}/test.ledger", 'SELECT * FROM customer ORDER BY id'), 'it has every customer');
    my ($head) = $out =~ /^ledger head ([0-9a-f]{64})$/m;
    is($head, case_summary($case)->{chain_head}, 'its head is that of the last run');
    my @noted = case_ledger($case, 'SELECT path, chain_head FROM backup');
    is_deeply(\@noted, [[POSIX::getcwd() =~ /^/ ? "$folder/monday" : '', $head]], 'the ledger knows its backup');
    is_verified($case, 'and verifies with it');
    is((case_run($case, 'status', '--verify', '--set', "ledger=sqlite:$folder/monday"))[0], 0, 'a copy is a ledger');
    run_of($case, 'a run goes on as before', 0);
};

subtest 'as JSON, and silently' => sub {
    my $case = case_new($sandbox, rows => 3);
    run_of($case, 'the customers are created', 0);
    my ($status, $out) = case_run($case, 'backup', "$case->{folder}/b", '--json');
    my $made = $json->decode($out);
    delete $made->{events};
    like(delete $made->{at}, qr/^\d{4}-\d\d-\d\dT/, 'the time');
    is_deeply($made, {job => 'test', backup => "$case->{folder}/b", has_key => JSON::PP::true, customers => 3, runs => 1,
        chain_head => case_summary($case)->{chain_head}}, 'the object');
    ($status, $out, my $err) = case_run($case, 'backup', "$case->{folder}/c", '-q');
    is("$status$out$err", '0', '-q prints nothing');
};

subtest 'it replaces nothing' => sub {
    my $case = case_new($sandbox, rows => 3);
    my $folder = $case->{folder};
    run_of($case, 'the customers are created', 0);
    write_file("$folder/notes", "precious\n");
    my ($status, $out, $err) = case_run($case, 'backup', "$folder/notes");
    is($status, 2, 'a file of that name: status 2');
    like($err, qr/notes exists already, and a backup never replaces a file\nhint: name a new file/, 'and what to do');
    is(read_file("$folder/notes"), "precious\n", 'it is as it was');
    ($status, $out, $err) = case_run($case, 'backup', "$folder/test.ledger");
    is($status, 2, 'the ledger itself: status 2');
    symlink "$folder/nowhere", "$folder/link";
    is((case_run($case, 'backup', "$folder/link"))[0], 2, 'a symbolic link that leads nowhere: status 2');
    write_file("$folder/b.key", "another key\n");
    ($status, $out, $err) = case_run($case, 'backup', "$folder/b");
    is($status, 2, 'another key in the place of the key: status 2');
    like($err, qr/b\.key exists already/, 'named');
    ok(!-e "$folder/b", 'and no backup');
    write_file("$folder/b.key", read_file("$folder/test.ledger.key"));
    is((case_run($case, 'backup', "$folder/b"))[0], 0, 'the same key, of a try that was killed: it is used');
    ($status, $out, $err) = case_run($case, 'backup', "$folder/none/b");
    is($status, 2, 'no such folder: status 2');
    like($err, qr/none\/b cannot be written: its folder: No such file or directory\nhint: create the folder/, 'and what to do');
    is((case_run($case, 'backup'))[0], 2, 'no file: status 2');
    like((case_run($case, 'backup'))[2], qr/no backup file given\nhint: kyc-import backup JOB FILE/, 'and the usage');
    is((case_run($case, 'backup', "$folder/x", "$folder/y"))[0], 2, 'two files: status 2');
};

subtest 'a key that the job gives' => sub {
    my $case = case_new($sandbox, rows => 3, set => {});
    $ENV{TEST_BACKUP_KEY} = 'an invented key that is long enough to be accepted';
    write_file("$case->{folder}/job.yaml", read_file("$case->{folder}/job.yaml") . "ledger_key: env:TEST_BACKUP_KEY\n");
    run_of($case, 'the customers are created', 0);
    my ($status, $out, $err) = case_run($case, 'backup', "$case->{folder}/b");
    is($status, 0, 'status 0') or diag $err;
    ok(!-e "$case->{folder}/b.key", 'no key is written beside the backup');
    like($out, qr/the key is the job's ledger_key/, 'and it says so');
};

subtest 'a ledger that is damaged, or not there' => sub {
    my $case = case_new($sandbox, rows => 3);
    my ($status, $out, $err) = case_run($case, 'backup', "$case->{folder}/b");
    is($status, 5, 'no ledger: status 5');
    run_of($case, 'the customers are created', 0);
    case_sql($case, "UPDATE customer SET user_id = 'another' WHERE id = 2");
    ($status, $out, $err) = case_run($case, 'backup', "$case->{folder}/b");
    is($status, 5, 'a changed row: status 5');
    like($err, qr/the copy of the ledger \S+ does not verify, so no backup was made: .*\nhint: kyc-import status/, 'and why');
    is_deeply([grep { /^b/ } names_in($case->{folder})], [], 'nothing is left behind');
};

subtest 'a disk that is full' => sub {
    my $case = case_new($sandbox, rows => 400, provider => 'kira');
    run_of($case, 'the customers are created', 0);
    my ($status, $out, $err) = run_program('sh', '-c', 'ulimit -f 100; exec "$0" "$@"',
        case_arguments($case, 'backup', "$case->{folder}/b"));
    is($status, 5, 'status 5') or diag $err;
    like($err, qr/the backup \S+ cannot be written: File too large\nhint: free space on that disk/, 'and the reason');
    is_deeply([grep { /^b/ } names_in($case->{folder})], [], 'nothing is left behind');
    is((case_run($case, 'backup', "$case->{folder}/b"))[0], 0, 'the next one succeeds');
};

subtest 'during a run, at its full speed' => sub {
    my $case = case_new($sandbox, rows => 3000, provider => 'kira', set => {'delivery.rate' => '300/s'});
    my $pid = case_start($case);
    my ($made, $max) = (0, 0);
    sleep 0.1 until -s "$case->{folder}/test.ledger.key" && -s "$case->{folder}/test.ledger";
    sleep 0.5;
    while (waitpid($pid, POSIX::WNOHANG()) == 0) {
        my $began = time;
        my ($status, $out, $err) = case_run($case, 'backup', "$case->{folder}/b" . ++$made);
        is($status, 0, "backup $made") or diag $err, last;
        my $took = time - $began;
        $max = $took if $took > $max;
    }
    is($?, 0, 'the run ends with status 0');
    cmp_ok($made, '>', 5, "$made backups, the slowest in " . sprintf('%.2f s', $max));
    my $summary = case_summary($case);
    is($summary->{created}, 3000, 'every customer is created');
    cmp_ok($summary->{seconds}, '<', 20, "in $summary->{seconds} s, of which the rate alone takes 10");
    is(sandbox_counts($sandbox)->{kira}{duplicates}, 0, 'none twice');
    my @counts;
    for my $i (1 .. $made) {
        my ($status, $out) = case_run($case, 'status', '--verify', '--json', '--set', "ledger=sqlite:$case->{folder}/b$i");
        push @counts, rows_of("$case->{folder}/b$i", 'SELECT count(*) FROM customer') + 0;
        is_deeply([grep { $_ ne 'report' } map { $_->{kind} } @{$json->decode($out)->{verify}{findings}}], [],
            "backup $i verifies ($counts[-1] customers), but for the last report, which is newer");
    }
    is_deeply(\@counts, [sort { $a <=> $b } @counts], 'each has at least what the one before had');
    is_deeply([case_ledger($case, 'SELECT count(*) FROM backup')], [[$made]], 'the ledger knows all of them');
    is_verified($case, 'the ledger verifies');
};

subtest 'killed at any time' => sub {
    my $case = case_new($sandbox, rows => 500, provider => 'kira');
    run_of($case, 'the customers are created', 0);
    my $killed = 0;
    for my $try (1 .. 20) {
        my $pid = case_start($case, 'backup', "$case->{folder}/b");
        sleep 0.002 * $try;
        $killed++ if kill 'KILL', $pid;
        waitpid $pid, 0;
        next if $? == 0 || !-e "$case->{folder}/b";
        is(rows_of("$case->{folder}/b", 'SELECT count(*) FROM customer'), "500\n", "killed after its end: whole");
        last;
    }
    unlink "$case->{folder}/b" if -e "$case->{folder}/b";
    is((case_run($case, 'backup', "$case->{folder}/b"))[0], 0, "after $killed kills the next one succeeds");
    is_deeply([grep { /^b/ } names_in($case->{folder})], ['b', 'b.key'], 'and leaves nothing but the backup');
};

sandbox_stop($sandbox);
done_testing;
