#!/usr/bin/perl
# links and documents, stopped at every failpoint in turn (each journal entry, commit, request, answer and written link) by
# SIGKILL, SIGTERM, SIGINT or SIGINT twice, and run again: every user has its link, every document is at the provider, once
# where requests have idempotency keys, else at most once more for each answer that the stop lost.
#
#   KYC_SCENARIOS=kira/links,… only these;  KYC_STEPS=committed#3,… only these steps;  KYC_WAYS=kill,term,int,twice
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Copy qw(copy);
use JSON::PP ();
use Test::More;
use KycTest;
use KycRun;
use KycParallel;
use KycProof;

$ENV{KYC_BUILD} = (defined $ENV{KYC_BUILD} ? $ENV{KYC_BUILD} : 'build') . '/steps';

my $json = JSON::PP->new->utf8->canonical;
my $rows = 3;
my @ways = $ENV{KYC_WAYS} ? split /,/, $ENV{KYC_WAYS} : qw(kill term int twice);
my $every = proof_is_long() || $ENV{KYC_STEPS} ? 1 : 3;
my %only = map { $_ => 1 } split /,/, $ENV{KYC_STEPS} || '';
my @scenarios = $ENV{KYC_SCENARIOS} ? split /,/, $ENV{KYC_SCENARIOS}
    : qw(kira/links payso/links payward/documents kraken-embed/documents);
my @wide = ('--nonce-window', 10_000_000_000);

my $runs = 0;
my %total = map { $_ => 0 } proof_columns();
for my $result (parallel_map($ENV{KYC_WORKERS} || 4, \&play, @scenarios)) {
    subtest $result->{item} => sub {
        is($result->{died}, undef, 'ran to its end') or return;
        cmp_ok($result->{steps}, '>', %only ? 0 : 15, "has steps to stop at ($result->{steps})");
        cmp_ok($result->{stops}, '>', 0, "$result->{stops} stops");
        is_deeply($result->{problems}, [], 'each with the same end');
        $total{faults} += $result->{stops};
        $total{runs} += $result->{runs};
    };
}
proof_add('interrupted at every step', %total);
done_testing;

# A job whose customers are created, and need a link or have documents; its files are kept to begin again.
sub prepare
{
    my ($provider, $command) = @_;
    my $state = scratch_folder();
    my @options = (@wide, '--state', "$state/state");
    my $sandbox = sandbox_start(@options);
    my $case = case_new($sandbox, provider => $provider, rows => $rows, set => {'provider.verifier' => $command eq 'documents' ? 'Example Checks' : undef});
    my $yaml = read_file("$case->{folder}/job.yaml");
    if ($command eq 'documents') {
        mkdir "$case->{folder}/docs";
        write_file("$case->{folder}/docs/a.png", "\x89PNG\r\n\x1a\na");
        my $file = $provider eq 'payward' ? '"https://files.example.com/a.png"' : 'a.png';
        $yaml =~ s/^(  base_url)/  documents: docs\n$1/m if $provider ne 'payward';
        $yaml .= "  documents:\n    - {type: {value: passport}, number: {column: customer_id, match: '(.*)', replace: 'P-\$1'}, country: {value: US}, files: {front: {value: $file}}}\n";
        write_file("$case->{folder}/job.yaml", $yaml);
    }
    my ($status, undef, $err) = case_run($case, '-q');
    die "the run: $status $err" if $status;
    for my $user (map { $_->[0] } case_ledger($case, 'SELECT user_id FROM customer')) {
        sandbox_control($sandbox, 'POST', "/_sandbox/verification?api=$provider&user=$user&state=rejected", '') if $command eq 'links';
    }
    case_run($case, 'refresh', '-q') if $command eq 'links';
    sandbox_stop($sandbox);
    my @files = grep { -f } glob "$case->{folder}/test.ledger* $state/*";
    mkdir "$state/kept" or die $!;
    for my $i (0 .. $#files) { copy($files[$i], "$state/kept/$i") or die "$files[$i]: $!"; }
    return {case => $case, state => $state, options => ['--listen', "127.0.0.1:$sandbox->{port}", @options, '--key-tag', $$], files => \@files};
}

sub begin
{
    my ($play) = @_;
    my $case = $play->{case};
    unlink grep { -f } glob "$case->{folder}/test.ledger* $play->{state}/state* " . case_report($case) . '/*';
    for my $i (0 .. $#{$play->{files}}) { copy("$play->{state}/kept/$i", $play->{files}[$i]) or die $!; chmod 0600, $play->{files}[$i]; }
    $case->{sandbox} = sandbox_start(@{$play->{options}});
}

sub run_with
{
    my ($case, $command, %environment) = @_;
    local @ENV{keys %environment} = values %environment;
    $runs++;
    return case_run($case, $command, '-q');
}

# What is wrong after a stop and one more command.
sub problems_of
{
    my ($play, $provider, $command, $lost) = @_;
    my $case = $play->{case};
    my @problems;
    my ($status, undef, $err) = run_with($case, $command);
    push @problems, "the next command: status $status: $err" if $status;
    my @tasks = map { $_->[0] } case_ledger($case, 'SELECT state FROM task');
    push @problems, "tasks @tasks" if "@tasks" ne join ' ', ('done') x $rows;
    my $counts = sandbox_counts($case->{sandbox})->{$provider};
    my ($made, $twice) = @$counts{$command eq 'links' ? qw(links duplicate_links) : qw(documents duplicate_documents)};
    push @problems, "$made made" if $made - $twice != $rows;
    push @problems, "$twice made twice" if $twice > ($provider eq 'kira' ? 0 : $lost);
    push @problems, "$counts->{over_limit} over the limit, $counts->{complaints} complaints" if $counts->{over_limit} || $counts->{complaints};
    push @problems, links_missing($case, $provider) if $command eq 'links';
    my ($verified, $text) = case_run($case, 'status', '--verify');
    push @problems, "not verified: $text" if $text !~ /^verified: /m;
    my $before = $counts->{requests};
    ($status) = run_with($case, $command);
    my $more = sandbox_counts($case->{sandbox})->{$provider};
    push @problems, 'another command makes more' if $status || ($more->{links} || 0) + ($more->{documents} || 0) != ($counts->{links} || 0) + ($counts->{documents} || 0);
    return @problems;
}

# Each user has a link in the file; at kira the same one however often it is there.
sub links_missing
{
    my ($case, $provider) = @_;
    my $path = case_report($case) . '/links.csv';
    my %links;
    /^(cust-\d+),[^,]+,([^,]+),/ and $links{$1}{$2}++ for split /\n/, -e $path ? read_file($path) : '';
    return ("links of @{[sort keys %links]} alone") if keys %links != $rows;
    return grep { $provider eq 'kira' } map { "several links of $_" } grep { keys %{$links{$_}} > 1 } sort keys %links;
}

sub play
{
    my ($name, $number) = @_;
    my ($provider, $command) = split m{/}, $name;
    my $play = prepare($provider, $command);
    my $log = "$play->{case}{folder}/steps";
    my %result = (problems => [], stops => 0);

    begin($play);
    my ($status, undef, $err) = run_with($play->{case}, $command, KYC_STEP_LOG => $log);
    push @{$result{problems}}, "without a stop: status $status: $err" if $status;
    my @steps = grep { !%only || $only{$_} } split /\n/, read_file($log);
    push @{$result{problems}}, map { "without a stop: $_" } problems_of($play, $provider, $command, 0);
    sandbox_stop($play->{case}{sandbox});
    my $turn = $number;
    for my $step (@steps[grep { ($_ + $number) % $every == 0 } 0 .. $#steps]) {
        for my $way (proof_is_long() || $ENV{KYC_WAYS} ? @ways : $ways[$turn++ % @ways]) {
            begin($play);
            unlink $log;
            ($status, undef, $err) = run_with($play->{case}, $command, KYC_STEP_LOG => $log, KYC_STOP_AT => $step, KYC_STOP_BY => $way);
            my %signal = (kill => 9, term => 15, int => 2, twice => 2);
            my @problems = grep { $_ } $status == 128 + $signal{$way} || $status == 6 || $status <= 1 ? undef : "status $status: $err";
            $result{stops} += read_file($log) =~ /^\Q$step\E$/m;
            push @problems, problems_of($play, $provider, $command, $way eq 'kill' || $way eq 'twice' || $status > 6 ? $rows : 0);
            push @{$result{problems}}, map { "$way at $step: $_" } @problems;
            sandbox_stop($play->{case}{sandbox});
        }
    }
    return {%result, steps => scalar @steps, runs => $runs};
}
