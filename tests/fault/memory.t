#!/usr/bin/perl
# The memory of a run: no other process of the account can read it, it leaves no core, and after the last request
# no secret is left in it or in its visible environment.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Fcntl;
use MIME::Base64 qw(decode_base64);
use Test::More;
use Time::HiRes qw(sleep time);
use KycTest;
use KycRun;
use KycHostile;

my $sanitized = read_file(program('kyc-import')) =~ /__asan_init|__tsan_init/;

sub secrets_of
{
    my ($sandbox, $provider) = @_;
    my ($line) = $sandbox->{out} =~ /: \Q$provider\E: (.*)/;
    my %secret = map { split / /, $_, 2 } split /, /, $line;
    $secret{'api_secret, decoded'} = decode_base64($secret{api_secret}) if $secret{api_secret};
    return %secret;
}

# All readable, private memory of a process: it may contain a copy. undef: it cannot be read.
sub memory_of
{
    my ($pid) = @_;
    return if $sanitized;    # terabytes of shadows, and a quarantine of what was freed
    open my $maps, '<', "/proc/$pid/maps" or return;
    sysopen my $memory, "/proc/$pid/mem", O_RDONLY or return;
    my $all = '';
    for my $map (<$maps>) {
        my ($from, $to) = $map =~ /^([0-9a-f]+)-([0-9a-f]+) rw/ or next;
        no warnings 'portable'; # addresses have 64 bits
        ($from, $to) = (hex $from, hex $to);
        sysseek $memory, $from, 0 or next;
        sysread $memory, my $bytes, $to - $from or next;
        $all .= $bytes;
    }
    return $all;
}

sub slurp_proc { open my $file, '<', $_[0] or return; local $/; return scalar <$file> }

# A run, or another command, that blocks when only its result on standard output is missing: a full pipe.
sub start_and_stop_at_its_end
{
    my ($case, @arguments) = @_;
    pipe my $out, my $in or die "pipe: $!";
    fcntl $in, F_SETFL, O_NONBLOCK;
    1 while syswrite $in, 'x' x 4096;
    1 while syswrite $in, 'x';
    fcntl $in, F_SETFL, 0;
    my @command = case_arguments($case, @arguments);
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>&', $in;
        open STDERR, '>', "$case->{folder}/err";
        { exec {$command[0]} @command; }
        POSIX::_exit(127);
    }
    close $in;
    return ($pid, $out);
}

sub wait_for
{
    my ($condition) = @_;
    my $give_up = time + 60;
    sleep 0.02 while !$condition->() && time < $give_up;
    return $condition->();
}

# It writes to its standard output; where only root may see that, it sleeps after a while.
sub is_at_its_end
{
    my ($case, $pid) = @_;
    my $call = slurp_proc("/proc/$pid/syscall");
    return $call =~ /^1 0x1 / if defined $call && $call ne '';
    sleep 1;
    return -e "$case->{folder}/reports/test/report.html" && (slurp_proc("/proc/$pid/stat") // '') =~ /\) S /;
}

sub nothing_is_left
{
    my ($case, $arguments, %secret) = @_;
    my ($pid, $out) = start_and_stop_at_its_end($case, @$arguments);
    # From here on it only writes its result, and cannot.
    ok(wait_for(sub { is_at_its_end($case, $pid) }), "$arguments->[0]: it ended");
    my $memory = memory_of($pid);
    SKIP: {
        skip 'the memory of another process cannot be read here', 1 if !defined $memory;
        cmp_ok(index($memory, 'reports/test'), '>=', 0, 'its memory can be looked at');
        for my $name (sort keys %secret) {
            my @found;
            for (my $at = index $memory, $secret{$name}; $at >= 0; $at = index $memory, $secret{$name}, $at + 1) {
                push @found, substr($memory, $at > 60 ? $at - 60 : 0, 60 + length $secret{$name}) =~ s/[^\x20-\x7e]/./gr;
            }
            is(scalar @found, 0, "no $name is left in it") or diag join "\n", @found;
        }
        my $environment = slurp_proc("/proc/$pid/environ") // '';
        like($environment, qr/PATH=/, 'its environment can be looked at');
        is(index($environment, $secret{$_}), -1, "no $_ in the environment that it shows") for sort keys %secret;
    }
    unlike(slurp_proc("/proc/$pid/cmdline"), qr/\Q$secret{$_}\E/, "no $_ on its command line") for sort keys %secret;
    SKIP: {
        skip 'a build with a sanitizer can be looked at', 2 if $sanitized;
        is((stat "/proc/$pid/mem")[4], 0, 'it is not dumpable: its files in /proc are root\'s');
        like(slurp_proc("/proc/$pid/limits"), qr/^Max core file size +0 +0 /m, 'a core may have 0 bytes');
    }
    close $out;
    waitpid $pid, 0;
}

for my $provider (provider_names()) {
    subtest "$provider: nothing is left at the end" => sub {
        my $sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--fault', 'status-500:5%', '--fault', 'garbage:3%');
        my $case = case_new($sandbox, provider => $provider, rows => 40,
            set => {'provider.settle_after' => $provider eq 'payso' ? '1s' : undef, 'delivery.timeout' => '500ms'});
        my %secret = secrets_of($sandbox, $provider);
        nothing_is_left($case, ['run'], %secret);
        nothing_is_left($case, ['refresh'], %secret);
        nothing_is_left($case, $_, %secret) for $provider =~ /^(?:kira|payso)$/ ? (['links', '--only', 'unknown,pending'], ['adopt']) : ();
        sandbox_stop($sandbox);
    };
}

subtest 'nor of what a login gave' => sub {
    my $token = 'the-token-of-' . '0123456789' x 30 . "-$$";
    my $server = hostile_start(sub {
        my ($socket, $head, $body) = @_;
        my ($key) = $body =~ /"external_id":"([^"]+)"/;
        return print {$socket} hostile_answer(200, qq({"data":{"access_token":"$token","expires_in":3600}})) if $head =~ m{^POST /kira/auth };
        print {$socket} $key =~ /5$/ ? hostile_answer(401, qq({"message":"bad $token"})) : hostile_answer(201, qq({"id":"user-of-$key"}));
    });
    my $case = case_new($server, provider => 'kira', rows => 20);
    nothing_is_left($case, ['run'], secrets_of($server, 'kira'), 'token of the login' => $token);
    unlike(read_file("$case->{folder}/err"), qr/\Q$token\E|the-token-of/, 'nor is it printed');
    hostile_end($server);
};

subtest 'another process of the account' => sub {
    plan skip_all => 'a build with a sanitizer can be looked at' if $sanitized;
    plan skip_all => 'only root can become somebody else' if $>;
    my $account = getpwnam 'nobody' // plan skip_all => 'there is no account nobody';
    my $folder = scratch_folder();
    chmod 0755, $folder;
    my $copy = "$folder/kyc-import";
    write_file($copy, read_file(program('kyc-import')));
    chmod 0755, $copy;
    write_file("$folder/job.yaml", "job: x\ninput: {path: '-', format: csv}\nprovider: {name: payward, credentials: {api_key: env:K, api_secret: env:S}}\nfields: {external_id: a, email: b}\n");
    chmod 0644, "$folder/job.yaml";
    pipe my $in, my $hold or die;
    my $pid = fork // die;
    if (!$pid) {
        close $hold;
        open STDIN, '<&', $in;
        open STDOUT, '>', '/dev/null';
        open STDERR, '>', '/dev/null';
        chdir $folder;
        $) = "65534 65534"; $( = 65534; ($<, $>) = ($account, $account);
        { exec {$copy} $copy, 'check', 'job.yaml', '--report', "/tmp/kyc-nobody-$$"; }
        POSIX::_exit(127);
    }
    wait_for(sub { (slurp_proc("/proc/$pid/cmdline") // '') =~ /job\.yaml/ && ((stat "/proc/$pid/mem")[4] // 1) == 0 });
    my $peek = fork // die;
    if (!$peek) {
        $) = "65534 65534"; $( = 65534; ($<, $>) = ($account, $account);
        my $seen = (open my $memory, '<', "/proc/$pid/mem") || (open my $environment, '<', "/proc/$pid/environ");
        POSIX::_exit($seen ? 1 : 0);
    }
    waitpid $peek, 0;
    is($? >> 8, 0, 'can read neither its memory nor its environment');
    kill 'SEGV', $pid;
    waitpid $pid, 0;
    is($? & 127, 11, 'it dies of a segmentation fault');
    ok(!($? & 128), 'and leaves no core');
    close $hold;
};
done_testing;
