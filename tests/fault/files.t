#!/usr/bin/perl
# The files of a run: their modes, whatever the umask; a planted link is not followed; a document outside of its folder
# cannot be read, and something there that is not a regular file does not block.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Errno ();
use IO::Socket::UNIX;
use JSON::PP;
use POSIX qw(mkfifo);
use Test::More;
use Time::HiRes qw(time);
use KycTest;
use KycRun;

my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);

# Every file and folder below one, with its mode: {path => '0600'}.
sub modes
{
    my ($folder) = @_;
    my ($status, $out) = run_program('find', "$folder", '-mindepth', 1, '-printf', '%P %m %y\n');
    return {map { my ($path, $mode) = /^(.*) (\d+) [fd]$/; $path =~ s/ledger-[0-9a-f]{8}-[0-9a-f]{8}\.head$/ledger-*.head/r =~ s{history/\d[^/]*}{history/TIME}r => $mode } grep { !/ l$/ } split /\n/, $out};
}

# A node exporter runs under another account: the file that it reads has only counts and the job's name.
my %want = (
    'test.ledger' => 600, 'test.ledger-wal' => 600, 'test.ledger-shm' => 600, 'test.ledger.key' => 600, 'test.ledger.lock' => 600,
    'test.ledger.head' => 600, 'reports/test/ledger-*.head' => 600,
    'reports' => 700, 'reports/test' => 700, 'reports/test/summary.json' => 600, 'reports/test/report.html' => 600,
    'reports/test/rejects.csv.gz' => 600, 'reports/test/broken.csv.gz' => 600, 'reports/test/history' => 700,
    'reports/test/history/index.html' => 600, 'reports/test/history/TIME' => 700,
    (map { ("reports/test/history/TIME/$_" => 600) } qw(summary.json report.html rejects.csv.gz broken.csv.gz)), 'metrics' => 755, 'metrics/test.prom' => 644,
);
for my $umask (0, 022, 077) {
    subtest sprintf('umask %03o', $umask) => sub {
        my $case = case_new($sandbox, csv => csv_rows(10, 2) . "bad\"one,x\n", rows => 10);
        my $before = modes($case->{folder});
        my $old = umask $umask;
        my ($status, undef, $err) = case_run($case, '-q');
        umask $old;
        is($status, 1, 'status 1: a record was rejected') or diag $err;
        my $modes = modes($case->{folder});
        delete @$modes{keys %$before};
        is_deeply($modes, \%want, 'every file and folder has its mode, and there is no unknown one');
    };
}

subtest 'links in the way' => sub {
    my $case = case_new($sandbox, csv => csv_rows(10, 2, 100) . "bad\"one,x\n", rows => 10);
    my $victims = scratch_folder();
    my $report = "$case->{folder}/reports/test";
    mkdir $_ for "$case->{folder}/reports", $report, "$case->{folder}/metrics";
    my %folder = ('test.prom' => "$case->{folder}/metrics");
    # A summary is read at the start: it may be a link, and is only not written through.
    my %precious = (map({ $_ => "precious $_" } qw(report.html rejects.csv.gz broken.csv.gz test.prom)), 'summary.json' => '{"command":"check"}');
    my @names = qw(summary.json report.html rejects.csv.gz broken.csv.gz test.prom);
    for my $name (@names) {
        write_file("$victims/$name", $precious{$name});
        write_file("$victims/tmp-$name", "precious too $name");
        my $path = ($folder{$name} || $report) . "/$name";
        symlink "$victims/$name", $path or die $!;
        # The name of a draft ends in the pid of its process, which is soon one of these.
        my ($next) = split ' ', `sh -c 'echo \$\$'`;
        symlink "$victims/tmp-$name", "$path.tmp-$_" for $next .. $next + 400;
    }
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 1, 'status 1: it is none the worse') or diag $err;
    is(read_file("$victims/$_"), $precious{$_}, "the file that $_ was a link to is as it was") for @names;
    is(read_file("$victims/tmp-$_"), "precious too $_", "and the one that its draft was") for @names;
    for my $name (@names) {
        my $path = ($folder{$name} || $report) . "/$name";
        ok(-f $path && !-l $path, "$name is a file now");
    }

    for my $name (qw(test.ledger.lock test.ledger.key)) {
        my $other = case_new($sandbox, csv => csv_rows(1, 0, 300), rows => 1);
        write_file("$victims/$name", 'precious');
        symlink "$victims/$name", "$other->{folder}/$name";
        ($status, undef, $err) = case_run($other, '-q');
        is($status, 5, "$name as a link is status 5") or diag $err;
        like($err, qr/\Q$name\E/, 'which names it');
        is(read_file("$victims/$name"), 'precious', 'and leaves alone what it points to');
    }
    my $lock = case_new($sandbox, csv => csv_rows(1, 0, 301), rows => 1);
    write_file("$victims/linked", 'precious');
    link "$victims/linked", "$lock->{folder}/test.ledger.lock" or die $!;
    ($status, undef, $err) = case_run($lock, '-q');
    is($status, 5, 'a lock with a second name is status 5') or diag $err;
    is(read_file("$victims/linked"), 'precious', 'and is not emptied');
};

sub add_documents
{
    my ($case) = @_;
    my $job = read_file("$case->{folder}/job.yaml");
    $job =~ s/^(  credentials: .*\n)/$1  documents: documents\n/m;
    write_file("$case->{folder}/job.yaml", "$job  document_type: {value: passport}\n  document_number: {value: G12345678}\n  document_country: {value: US}\n  document_front: front\n");
}

# The same documents can be read with openat2 and without it (an old kernel, some containers), in check and in run.
sub documents
{
    my ($first, $runs_in) = @_;
    my $case = case_new($sandbox, provider => 'kira', rows => 1);
    my $folder = "$case->{folder}/documents";
    my $jpeg = "\xff\xd8\xff\xe0 a picture";
    mkdir $_ for $folder, "$folder/below", "$case->{folder}/outside";
    write_file($_, $jpeg) for "$folder/good.jpg", "$folder/below/good.jpg", "$case->{folder}/outside/secret.jpg", "$case->{folder}/secret.jpg";
    symlink '../secret.jpg', "$folder/link.jpg";
    symlink "$case->{folder}/secret.jpg", "$folder/absolute.jpg";
    symlink '../outside', "$folder/linked";
    symlink 'good.jpg', "$folder/within.jpg";
    symlink '/proc/self/fd/0', "$folder/magic.jpg";
    mkfifo "$folder/pipe.jpg", 0600;
    write_file("$folder/empty.jpg", '');
    write_file("$folder/text.jpg", 'root:x:0:0');
    open my $huge, '>', "$folder/huge.jpg" or die $!;
    print {$huge} $jpeg;
    truncate $huge, 30_000_000_000;
    close $huge;
    open my $large, '>', "$folder/large.jpg" or die $!;
    print {$large} $jpeg;
    truncate $large, 8_000_000;    # less than the request may be, more than fits into it in base64
    close $large;
    # path => whether it may be read
    my @paths = (['good.jpg', 1], ['below/good.jpg', 1], ['./good.jpg', 1], ['../secret.jpg', 0], ['below/../../secret.jpg', 0], ["$case->{folder}/secret.jpg", 0], ['/etc/passwd', 0],
        ['link.jpg', 0], ['absolute.jpg', 0], ['linked/secret.jpg', 0], ['magic.jpg', 0], ['pipe.jpg', 0], ['below', 0], ['.', 0], ['..', 0], ['empty.jpg', 0], ['text.jpg', 0],
        ['huge.jpg', 0], ['large.jpg', 0], ['within.jpg', 0], ['below/../good.jpg', 0], ['nowhere.jpg', 0], ['http://127.0.0.1/x.jpg', 0], ['file:///etc/passwd', 0], ['x' x 5000, 0]);
    push @paths, ['/dev/zero', 0], ['../../../../../../../../dev/zero', 0];
    my ($header, @lines) = split /\n/, csv_rows(scalar @paths, 0, $first);
    write_file("$case->{folder}/export.csv", join '', "$header,front\n", map { "$lines[$_],$paths[$_][0]\n" } 0 .. $#paths);
    add_documents($case);
    my $started = time;
    my ($status, undef, $err) = $runs_in->($case, 'check', '-q');
    is($status, 1, 'check: status 1') or diag $err;
    my $summary = JSON::PP->new->utf8->decode(read_file("$case->{folder}/reports/test/check/summary.json"));
    is($summary->{valid}, scalar(grep { $_->[1] } @paths), 'check: as many are valid as can be read');
    my $had = () = sandbox_users($sandbox, 'kira');
    ($status, undef, $err) = $runs_in->($case, 'run', '-q');
    cmp_ok(time - $started, '<', 20, 'nothing hangs, nothing is read for ever');
    is($status, 1, 'status 1') or diag $err;
    my %made = map { $_->[0] => 1 } case_ledger($case, "SELECT external_id FROM customer WHERE state = 'created'");
    for my $i (0 .. $#paths) {
        my $shown = length $paths[$i][0] > 60 ? 'a path of 5,000 bytes' : $paths[$i][0];
        is($made{sprintf 'cust-%06d', $first + $i} // 0, $paths[$i][1], $shown . ($paths[$i][1] ? ' goes' : ' does not go'));
    }
    is(scalar(sandbox_users($sandbox, 'kira')) - $had, $summary->{valid}, 'the provider has no other');
}

# Makes openat2 fail with a number in this process and its children: BPF_LD nr; BPF_JEQ openat2; BPF_RET errno; BPF_RET allow.
sub forbid_openat2
{
    my ($number) = @_;
    my ($openat2, $prctl) = (437, (POSIX::uname())[4] eq 'x86_64' ? 157 : 167);
    my $code = pack '(S C C L)*', 0x20, 0, 0, 0, 0x15, 0, 1, $openat2, 0x06, 0, 0, 0x00050000 | $number, 0x06, 0, 0, 0x7fff0000;
    my $program = pack 'S x6 P', 4, $code;
    syscall($prctl, 38, 1, 0, 0, 0) == 0 && syscall($prctl, 22, 2, $program) == 0 or die "seccomp: $!";
}

sub run_without_openat2
{
    my ($case, $number, @arguments) = @_;
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        forbid_openat2($number);
        my ($status, undef, $err) = case_run($case, @arguments);
        write_file("$case->{folder}/err", $err);
        POSIX::_exit($status);
    }
    waitpid $pid, 0;
    return ($? >> 8, '', read_file("$case->{folder}/err"));
}

subtest 'documents' => sub { documents(500, \&case_run) };
subtest 'documents, a kernel without openat2' => sub { documents(530, sub { my $case = shift; run_without_openat2($case, Errno::ENOSYS(), @_) }) };
subtest 'documents, a container that forbids openat2' => sub { documents(560, sub { my $case = shift; run_without_openat2($case, Errno::EPERM(), @_) }) };

# A file system that root mounts below the folder belongs to it, either way.
subtest 'documents that are mounted' => sub {
    plan skip_all => 'only root may mount' if $> != 0 || system('unshare -m true 2>/dev/null') != 0;
    my $case = case_new($sandbox, provider => 'kira', rows => 1);
    mkdir $_ or die $! for map { "$case->{folder}/$_" } qw(documents documents/mounted elsewhere);
    write_file("$case->{folder}/elsewhere/a.jpg", "\xff\xd8\xff\xe0 mounted");
    my ($header, $line) = split /\n/, csv_rows(1, 0, 600);
    write_file("$case->{folder}/export.csv", "$header,front\n$line,mounted/a.jpg\n");
    add_documents($case);
    my @mount = ('unshare', '-m', 'sh', '-c', 'mount --bind "$0/elsewhere" "$0/documents/mounted" && exec "$@"', "$case->{folder}");
    my ($status, undef, $err) = run_program(@mount, case_arguments($case, 'check', '-q'));
    is($status, 0, 'check with openat2') or diag $err;
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        forbid_openat2(Errno::ENOSYS());
        ($status, undef, $err) = run_program(@mount, case_arguments($case, 'run', '-q'));
        write_file("$case->{folder}/err", $err);
        POSIX::_exit($status);
    }
    waitpid $pid, 0;
    is($? >> 8, 0, 'run without it') or diag read_file("$case->{folder}/err");
};

# A path to something that is not a regular file is an error with its name, at every place that is read; nothing blocks.
# Runs a command of a case, killed after 20 s.
sub run_soon
{
    my ($case, @arguments) = @_;
    return run_program('timeout', '-s', 'KILL', 20, case_arguments($case, @arguments));
}

# Things in a file's place: sentence => [how it is made, its name in the message].
my %oddities = (
    'a pipe' => [sub { mkfifo($_[0], 0600) or die $! }, qr/it is a pipe, not a file/],
    'a device' => [sub { symlink '/dev/zero', $_[0] or die $! }, qr/it is a device, not a file/],
    'a socket' => [sub { IO::Socket::UNIX->new(Local => $_[0], Listen => 1) or die $! }, qr/it is a socket, not a file/],
    'a folder' => [sub { mkdir $_[0] or die $! }, qr/is a folder/],
);
my $secrets = sub { my ($case) = @_; my $job = read_file("$case->{folder}/job.yaml"); $job =~ s/api_secret: env:\w+/api_secret: file:secret/ or die; write_file("$case->{folder}/job.yaml", $job); };
my $authority = sub { my ($case) = @_; my $job = read_file("$case->{folder}/job.yaml"); $job =~ s/^(  base_url)/  ca_file: ca.pem\n$1/m or die; write_file("$case->{folder}/job.yaml", $job); };
# place => [path, status, commands, preparation, whether a run went before]
my @places = (
    ['the job file', 'job.yaml', 2, [(map { [$_] } qw(check run status results probe)), ['explain', '--row', 1], ['settle', '--key', 'a', '--absent']]],
    ['a secret', 'secret', 2, [['run']], $secrets],
    ['the CA file', 'ca.pem', 2, [['run']], $authority],
    ['the input', 'export.csv', 3, [['check'], ['run'], ['explain', '--row', 1]]],
    ['the file of settle --from', 'verdicts.csv', 3, [['settle', '--from', 'FOLDER/verdicts.csv']], undef, 1],
    ["the report's head of the ledger", 'reports/test/ledger-*.head', 5, [['run']], undef, 1],
    ['the ledger', 'test.ledger', 5, [['status'], ['run']]],
    ["the ledger's log", 'test.ledger-wal', 5, [['status'], ['run']], undef, 1],
    ["the ledger's key", 'test.ledger.key', 5, [['status'], ['run']], undef, 1],
    ["the ledger's lock", 'test.ledger.lock', 5, [['run']], undef, 1],
    ["the ledger's head", 'test.ledger.head', 5, [['run']], undef, 1],
    ['the last metrics', 'metrics/test.prom', 2, [['run']], undef, 1],
);
for my $place (@places) {
    my ($name, $path, $status_wanted, $commands, $before, $had_run) = @$place;
    subtest "not a file: $name" => sub {
        my $case = case_new($sandbox, csv => csv_rows(1, 0, 700), rows => 1);
        $before->($case) if $before;
        case_run($case, '-q') if $had_run;
        for my $sentence (sort keys %oddities) {
            next if $sentence eq 'a pipe' && $name eq 'the input';    # it may be one, and waits for its writer
            next if $sentence eq 'a folder' && $name eq 'the last metrics';    # it cannot be replaced
            my ($target) = glob "$case->{folder}/$path";
            ($path) = $target =~ m{^\Q$case->{folder}\E/(.*)};
            my $socket;
            rename $target, "$target.kept" if -e $target;
            $socket = $oddities{$sentence}[0]->($target);
            for my $command (@$commands) {
                my ($verb, @more) = map { s/FOLDER/$case->{folder}/r } @$command;
                my $is_link = -l $target;
                my ($status, $out, $err) = run_soon($case, $verb, @more);
                # Metrics replace a link, and nothing behind it; a pipe or a socket stays, and the run says so.
                my $want = $is_link && $name eq 'the last metrics' ? 0 : $status_wanted;
                ok($is_link ? -f $target : !-f $target, "$sentence: is replaced only where it is a link") if $name eq 'the last metrics';
                is($status, $want, "$sentence: $verb is status $want, at once") or diag $out, $err;
                like("$out$err", qr{\Q$path\E|the ledger /dev/zero}, "$sentence: $verb names it") or diag $err;
                like("$out$err", $oddities{$sentence}[1], "$sentence: $verb says what it is") if $path !~ /lock$|ca\.pem/;
            }
            -d $target && !-l $target ? rmdir $target : unlink $target;
            rename "$target.kept", $target if -e "$target.kept";
        }
    };
}

# The modes of the files that decide over credentials and customers.
subtest 'permissions' => sub {
    my $case = case_new($sandbox, csv => csv_rows(1, 0, 720), rows => 1);
    $secrets->($case);
    my $secret = "$case->{folder}/secret";
    write_file($secret, $ENV{TEST_API_SECRET_1});
    for my $row ([0600, ''], [0400, ''], [0640, 'read'], [0604, 'read'], [0620, 'change'], [0602, 'change'], [0666, 'read and change']) {
        my ($mode, $verb) = @$row;
        chmod $mode, $secret or die $!;
        my ($status, undef, $err) = case_run($case, '-q');
        is($status, $verb ? 2 : 0, sprintf('a secret of mode %03o', $mode)) or diag $err;
        like($err, qr/secret holds a secret and others may $verb it \(mode ...\)\n\s*hint: chmod 600 /, sprintf('a secret of mode %03o: what to do', $mode)) if $verb;
    }
    chmod 0600, $secret or die $!;
    my $job = "$case->{folder}/job.yaml";
    for my $row ([0664, 0], [0660, 0], [0646, 1], [0666, 1]) {
        my ($mode, $is_open) = @$row;
        chmod $mode, $job or die $!;
        for my $command ('run', 'probe', 'check', 'status') {
            my ($status, $out, $err) = case_run($case, $command);
            my $sends = $command eq 'run' ? 2 : $command eq 'probe' ? 1 : 0;
            is($status, $is_open ? $sends : 0, sprintf('a job file of mode %03o: %s', $mode, $command)) or diag $out, $err;
            my $says = qr/job\.yaml: every account may change this job file.*\nhint: chmod o-w /;
            $is_open ? like("$out$err", $says, sprintf('a job file of mode %03o: %s says what to do', $mode, $command))
                : unlike("$out$err", qr/chmod/, sprintf('a job file of mode %03o: %s says nothing', $mode, $command));
        }
    }
    chmod 0644, $job or die $!;
    my $key = "$case->{folder}/test.ledger.key";
    for my $row ([0400, ''], [0640, 'read'], [0644, 'read'], [0620, 'change'], [0666, 'change']) {
        my ($mode, $verb) = @$row;
        chmod $mode, $key or die $!;
        my ($status, undef, $err) = case_run($case, '-q');
        is($status, $verb eq 'change' ? 5 : 0, sprintf("the ledger's key of mode %03o", $mode)) or diag $err;
        $verb ? like($err, qr/test\.ledger\.key: other users may $verb it \(mode ...\).*\n\s*hint: chmod 600 /, sprintf("the ledger's key of mode %03o: what to do", $mode))
            : is($err, '', sprintf("the ledger's key of mode %03o: nothing", $mode));
    }
};

# File names may be foreign input (a pattern matches any): they begin no line of their own, and cannot control a terminal.
subtest 'names with control characters' => sub {
    my $forged = "x\nkyc-import: error: forged\r\e[2Jy\x{c2}\x{9b}z\x{e2}\x{80}\x{ae}w";
    my $case = case_new($sandbox, csv => csv_rows(1, 1, 740), rows => 1);
    my $kept = $case->{folder};    # it goes with its last reference
    my $folder = "$kept/$forged";
    mkdir $folder or die $!;
    rename "$kept/$_", "$folder/$_" or die $! for qw(job.yaml export.csv);
    rename "$folder/export.csv", "$folder/$forged.csv" or die $!;
    my $job = read_file("$folder/job.yaml");
    $job =~ s/path: export\.csv/path: '*.csv'/ or die;
    write_file("$folder/job.yaml", $job);
    $case->{folder} = $folder;
    my @commands = (['run'], ['run', '--input', "$folder/none$forged"], ['check'], ['status', '--verify'], ['explain', '--row', 1], ['probe'], ['settle', '--from', "$folder/none$forged"],
        ['check', '--report', "$folder/export.csv/$forged"], ['check', '--set', "x$forged=1"]);
    for my $command (@commands) {
        my ($verb, @more) = @$command;
        my ($status, $out, $err) = case_run($case, $verb, @more);
        my $shown = join ' ', $verb, map { /^--/ ? $_ : () } @more;
        is($status, 1, "$shown: it is read") if $shown =~ /^(?:run|check)$/;
        like("$out$err", qr/forged/, "$shown: the name is shown");
        unlike("\n$out$err", qr/\n(?:\e\[[\d;]*m)?kyc-import: error: forged/, "$shown: no line is forged") or diag $out, $err;
        is(join(',', grep { !/^(?:kyc-import: |hint: | )/ } split /\n/, $err), '', "$shown: a continued line is indented");
        unlike("$out$err", qr/\r|\e|\xc2\x9b|\xe2\x80\xae/, "$shown: nothing steers the terminal");
    }
    my ($status, $out, $err) = case_run($case, 'check', '--log-format', 'json', '--input', "$folder/none$forged");
    is((grep { !eval { JSON::PP->new->utf8->decode($_) } } split /\n/, $err), 0, 'JSON lines are lines') or diag $err;
    my $page = read_file("$folder/reports/test/report.html");
    unlike($page, qr/\nkyc-import: error: forged|\e|\xe2\x80\xae/, 'nor in the page');
    unlike(read_file("$folder/metrics/test.prom"), qr/forged/, 'nor in the metrics');
};

sandbox_stop($sandbox);
done_testing;
